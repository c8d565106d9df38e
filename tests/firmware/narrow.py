"""Formats of 16 and 32 bits in NumPy: exact sums, rounded once, in each rounding mode of RISC-V."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint32]


def _half_away(x: Doubles) -> Doubles:
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


NEAREST, ZERO, DOWN, UP, AWAY = range(5)
ROUND: tuple[Callable[[Doubles], Doubles], ...] = (np.rint, np.trunc, np.floor, np.ceil, _half_away)


@dataclass(frozen=True)
class Format:
    """Binary floating point of `digits` significant bits, hidden one included."""

    digits: int
    least: int
    """The exponent of the smallest normal number."""
    most: int
    """That of the largest."""
    nan: int
    """The canonical NaN."""

    def bits(self, value: Doubles) -> Bits:
        """Of values that the format has."""
        number = np.where(np.isnan(value), 0.0, value)
        if self.digits == 11:
            bits = number.astype(np.float16).view(np.uint16).astype(np.uint32)
        else:
            bits = number.astype(np.float32).view(np.uint32) >> (16 if self.digits == 8 else 0)
        return np.where(np.isnan(value), np.uint32(self.nan), bits)

    def value(self, bits: Bits) -> Doubles:
        with np.errstate(invalid="ignore"):  # of signalling NaNs
            if self.digits == 11:
                return bits.astype(np.uint16).view(np.float16).astype(np.float64)
            shifted = bits.astype(np.uint32) << (16 if self.digits == 8 else 0)
            return shifted.view(np.float32).astype(np.float64)

    def kinds(self, bits: Bits) -> Bits:
        """As RISC-V classifies them."""
        value, negative = self.value(bits), bits & 0x8000 != 0
        quiet = bits & (1 << (self.digits - 2)) != 0
        small = np.abs(value) < 2.0**self.least
        bit = np.select(
            [np.isnan(value) & quiet, np.isnan(value), np.isinf(value), value == 0, small],
            [9, 8, np.where(negative, 0, 7), np.where(negative, 3, 4), np.where(negative, 2, 5)],
            np.where(negative, 1, 6),
        )
        return (1 << bit).astype(np.uint32)

    def rounded(self, value: Doubles, mode: int = NEAREST) -> Doubles:
        """One rounding of a double, which stands for itself or is rounded to odd."""
        finite = np.isfinite(value)
        safe = np.where(finite, value, 0.0)
        unit = np.maximum(np.frexp(safe)[1] - 1, self.least) - (self.digits - 1)
        near = np.ldexp(ROUND[mode](np.ldexp(safe, -unit)), unit)
        beyond = np.abs(near) >= 2.0 ** (self.most + 1)
        largest = np.ldexp(2.0 - 2.0 ** (1 - self.digits), self.most)
        up = (mode in (NEAREST, AWAY)) | ((mode == UP) & (near > 0)) | ((mode == DOWN) & (near < 0))
        near = np.where(beyond, np.copysign(np.where(up, np.inf, largest), near), near)
        return np.where(finite, near, value)


HALF = Format(11, -14, 15, 0x7E00)
BRAIN = Format(8, -126, 127, 0x7FC0)
SINGLE = Format(24, -126, 127, 0x7FC00000)


def total(a: Doubles, b: Doubles, mode: int = NEAREST) -> Doubles:
    """a + b, rounded to odd: so it may be rounded again to fewer digits as if it were exact."""
    with np.errstate(invalid="ignore", over="ignore"):
        s = a + b
        t = s - a
        error = (a - (s - t)) + (b - t)
    odd = (s.view(np.uint64) & 1).astype(bool)
    move = np.isfinite(s) & ~odd & (error != 0)
    s = np.where(move, np.nextafter(s, np.where(error > 0, np.inf, -np.inf)), s)
    cancelled = (s == 0) & (np.signbit(a) != np.signbit(b))
    return np.where(cancelled & (mode == DOWN), -0.0, s)


def samples(form: Format, words: int, count: int, seed: int) -> list[Bits]:
    """Patterns of 16 bits for `words` operands: corner cases in every combination, then random.

    Half of the random ones have exponents near each other, so that sums cancel and round.
    """
    one, unit = int(form.bits(np.array([1.0]))[0]), 1 << (form.digits - 1)
    infinity = int(form.bits(np.array([np.inf]))[0])
    magnitudes = [
        *(0, 1, 2, unit - 1, unit, unit + 1, one - 1, one, one + 1, one + unit // 2, one + unit),
        *(one - form.digits * unit, one - form.digits * unit - unit, one + form.digits * unit),
        *(infinity - 1, infinity - 2, infinity, infinity + 1, infinity + unit // 2 + 3),
    ]
    corners = np.array([m | sign for m in magnitudes for sign in (0, 0x8000)], np.uint32)
    grid = np.meshgrid(*[corners] * words, indexing="ij")
    random = np.random.default_rng(seed)
    wild = random.integers(0, 1 << 16, (words, count), dtype=np.uint32)
    first = wild[0] // unit % (infinity // unit)
    for operand in wild[1:, : count // 2]:
        near = first[: count // 2] + random.integers(-form.digits, form.digits + 1, count // 2)
        operand[:] = operand & (0x8000 | (unit - 1)) | (near % (infinity // unit)) * unit
    return [np.concatenate([g.ravel(), w]) for g, w in zip(grid, wild, strict=True)]
