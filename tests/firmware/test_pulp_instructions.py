"""Every instruction of the gap9's extension of Spike against NumPy: values, rounding, registers.

A NaN that arithmetic or a conversion makes must be RISC-V's canonical one; sign injection and
moves keep what they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.firmware.narrow import (
    BRAIN,
    HALF,
    NEAREST,
    SINGLE,
    Bits,
    Doubles,
    Format,
    samples,
    total,
)
from tests.firmware.pulp import Machine, Words, agree, r_type, run, set_mode

PAIRS = 100_000
FORMATS = {"h": (HALF, 2), "ah": (BRAIN, 1)}
Rule = Callable[[Format, Doubles, Doubles, int], Doubles]


def paired(lanes: Bits) -> tuple[Words, int]:
    """Two lanes a word: each value in lane 0, with one from elsewhere in lane 1."""
    half = -(-len(lanes) // 2)
    return lanes[:half] | lanes[-half:] << 16, half


def unpaired(words: Words, half: int, count: int) -> Bits:
    lanes = np.empty(count, np.uint32)
    lanes[-half:] = words >> 16
    lanes[:half] = words & 0xFFFF
    return lanes


def lanes_of(machine: Machine, word: int, *operands: Bits, mode: int = NEAREST) -> Bits:
    """The instruction on both lanes, with the operands a, b and d."""
    packed = [paired(o)[0] for o in operands]
    while len(packed) < 3:
        packed.append(np.zeros_like(packed[0]))
    after = run(machine, [set_mode(mode), word, set_mode(0)], *packed)
    assert np.array_equal(after[:, 0], packed[0])
    assert np.array_equal(after[:, 1], packed[1])
    return unpaired(after[:, 2], paired(operands[0])[1], len(operands[0]))


# Arithmetic. Products and quotients of 16-bit formats round in double where no tie can arise.


def least(form: Format, a: Doubles, b: Doubles, mode: int) -> Doubles:
    first = (a < b) | np.isnan(b) | ((a == b) & np.signbit(a))
    return np.where(first, a, b)


def most(form: Format, a: Doubles, b: Doubles, mode: int) -> Doubles:
    first = (a > b) | np.isnan(b) | ((a == b) & ~np.signbit(a))
    return np.where(first, a, b)


def mean(form: Format, a: Doubles, b: Doubles, mode: int) -> Doubles:
    return form.rounded(total(a, b, mode), mode) * 0.5


ARITHMETIC: dict[str, tuple[int, Rule]] = {
    "add": (0x41, lambda f, a, b, mode: total(a, b, mode)),
    "sub": (0x42, lambda f, a, b, mode: total(a, -b, mode)),
    "mul": (0x43, lambda f, a, b, mode: a * b),
    "div": (0x44, lambda f, a, b, mode: a / b),
    "min": (0x45, least),
    "max": (0x46, most),
    "avg": (0x56, mean),
}


@pytest.mark.parametrize("replicated", [False, True])
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_packed_arithmetic(machine: Machine, name: str, suffix: str, replicated: bool) -> None:
    form, code = FORMATS[suffix]
    funct7, rule = ARITHMETIC[name]
    a, b = samples(form, 2, PAIRS, funct7)
    word = r_type(0x33, code | 4 * replicated, funct7)
    found = lanes_of(machine, word, a, b)
    b = both_from_lane_0(b) if replicated else b
    agree(found, judged(form, rule, a, b), a, b)


def both_from_lane_0(lanes: Bits) -> Bits:
    words, half = paired(lanes)
    return unpaired((words & 0xFFFF) * 0x10001, half, len(lanes))


def judged(form: Format, rule: Rule, a: Bits, b: Bits, mode: int = NEAREST) -> Bits:
    with np.errstate(all="ignore"):
        return form.bits(form.rounded(rule(form, form.value(a), form.value(b), mode), mode))


def product_sum(a: Doubles, b: Doubles, d: Doubles, mode: int = NEAREST) -> Doubles:
    return total(a * b, d, mode)


@pytest.mark.parametrize("replicated", [False, True])
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("name", "funct7", "sign"), [("mac", 0x48, 1), ("mre", 0x49, -1)])
def test_packed_fused(
    machine: Machine, name: str, funct7: int, sign: int, suffix: str, replicated: bool
) -> None:
    form, code = FORMATS[suffix]
    a, b, d = samples(form, 3, PAIRS, funct7)
    found = lanes_of(machine, r_type(0x33, code | 4 * replicated, funct7), a, b, d)
    b = both_from_lane_0(b) if replicated else b
    x, y, z = map(form.value, (a, b, d))
    with np.errstate(all="ignore"):
        expected = form.bits(form.rounded(product_sum(x, y, sign * z)))
    agree(found, expected, a, b, d)


@pytest.mark.parametrize("mode", range(1, 5))
@pytest.mark.parametrize("suffix", FORMATS)
def test_rounding_modes(machine: Machine, suffix: str, mode: int) -> None:
    form, code = FORMATS[suffix]
    a, b, d = samples(form, 3, PAIRS // 10, mode)
    for name in ("add", "sub", "mul", "div"):
        funct7, rule = ARITHMETIC[name]
        found = lanes_of(machine, r_type(0x33, code, funct7), a, b, mode=mode)
        agree(found, judged(form, rule, a, b, mode), a, b)
    found = lanes_of(machine, r_type(0x33, code, 0x48), a, b, d, mode=mode)
    x, y, z = map(form.value, (a, b, d))
    with np.errstate(all="ignore"):
        expected = form.bits(form.rounded(product_sum(x, y, z, mode), mode))
    agree(found, expected, a, b, d)


# Comparisons and signs.

CHOICES: dict[str, tuple[int, Callable[[Doubles, Doubles], Any]]] = {
    "eq": (0x50, lambda a, b: a == b),
    "ne": (0x51, lambda a, b: a != b),
    "lt": (0x52, lambda a, b: a < b),
    "ge": (0x53, lambda a, b: a >= b),
    "le": (0x54, lambda a, b: a <= b),
    "gt": (0x55, lambda a, b: a > b),
}
SIGNS: dict[str, tuple[int, Callable[[Bits, Bits], Bits]]] = {
    "sgnj": (0x4D, lambda a, b: b),
    "sgnjn": (0x4E, lambda a, b: ~b),
    "sgnjx": (0x4F, lambda a, b: a ^ b),
}


@pytest.mark.parametrize("replicated", [False, True])
@pytest.mark.parametrize("suffix", FORMATS)
def test_packed_comparisons_and_signs(machine: Machine, suffix: str, replicated: bool) -> None:
    form, code = FORMATS[suffix]
    a, b = samples(form, 2, PAIRS, 1)
    other = both_from_lane_0(b) if replicated else b
    for funct7, chosen in CHOICES.values():
        found = lanes_of(machine, r_type(0x33, code | 4 * replicated, funct7), a, b)
        agree(found, chosen(form.value(a), form.value(other)).astype(np.uint32), a, other)
    for funct7, sign in SIGNS.values():
        found = lanes_of(machine, r_type(0x33, code | 4 * replicated, funct7), a, b)
        agree(found, (a & 0x7FFF) | (sign(a, other) & 0x8000), a, other)


# Of one operand: all patterns.


def clipped(value: Doubles, low: int, high: int) -> Bits:
    """An integer of 16 bits; a NaN becomes the highest, as in RISC-V."""
    whole = np.clip(np.rint(np.nan_to_num(value, nan=np.inf)), low, high)
    return whole.astype(np.int64).astype(np.uint32) & 0xFFFF


def signed(bits: Bits) -> Doubles:
    return bits.astype(np.uint16).view(np.int16).astype(np.float64)


UNARY: dict[str, tuple[int, int, bool, Callable[[Format, Bits], Bits]]] = {
    "sqrt": (0x47, 0, False, lambda f, a: f.bits(f.rounded(np.sqrt(f.value(a))))),
    "mv.x": (0x4C, 0, False, lambda f, a: a),
    "mv.f": (0x4C, 0, True, lambda f, a: a),
    "class": (0x4C, 1, False, lambda f, a: f.kinds(a)),
    "cvt.x": (0x4C, 2, False, lambda f, a: clipped(f.value(a), -32768, 32767)),
    "cvt.xu": (0x4C, 2, True, lambda f, a: clipped(f.value(a), 0, 65535)),
    "cvt.f.x": (0x4C, 3, False, lambda f, a: f.bits(f.rounded(signed(a)))),
    "cvt.f.xu": (0x4C, 3, True, lambda f, a: f.bits(f.rounded(a.astype(np.float64)))),
}
ALL = np.arange(1 << 16, dtype=np.uint32)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", UNARY)
def test_packed_unary(machine: Machine, name: str, suffix: str) -> None:
    form, code = FORMATS[suffix]
    funct7, rs2, other, rule = UNARY[name]
    with np.errstate(all="ignore"):
        expected = rule(form, ALL)
    for order in (ALL, ALL[::-1]):  # each value in each lane
        found = lanes_of(machine, r_type(0x33, code | 4 * other, funct7, rs2), order)
        agree(found, expected[order], order)


@pytest.mark.parametrize(
    ("funct3", "rs2", "source", "to"), [(2, 5, BRAIN, HALF), (1, 6, HALF, BRAIN)]
)
def test_conversion_between_formats(
    machine: Machine, funct3: int, rs2: int, source: Format, to: Format
) -> None:
    for mode in range(5):
        found = lanes_of(machine, r_type(0x33, funct3, 0x4C, rs2), ALL, mode=mode)
        agree(found, to.bits(to.rounded(source.value(ALL), mode)), ALL)


# Singles from halves, and to them.


def singles(seed: int, form: Format, count: int = PAIRS) -> Words:
    """Random patterns, half of them in the range of halves and near their ties."""
    random = np.random.default_rng(seed)
    wild = random.integers(0, 1 << 32, count, dtype=np.uint32)
    halves = form.value(random.integers(0, 1 << 16, count, dtype=np.uint32))
    tie = 1 << (23 - form.digits)
    near = SINGLE.bits(halves) + random.choice(np.array([0, tie - 1, tie, tie + 1]), count)
    return np.where(np.arange(count) % 2, wild, near.astype(np.uint32))


@pytest.mark.parametrize("suffix", FORMATS)
def test_pack_of_singles(machine: Machine, suffix: str) -> None:
    form, code = FORMATS[suffix]
    a, b = singles(2, form), singles(3, form)
    found = run(machine, [r_type(0x33, code, 0x58)], a, b, np.zeros(1, np.uint32))[:, 2]
    low, high = (form.bits(form.rounded(SINGLE.value(v))) for v in (a, b))
    agree(found, low | high << 16, a, b)


def products(a: Words, b: Words, replicated: bool) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Of words: a0, b0, a1, and b1 or b0."""
    low, high = HALF.value(b & 0xFFFF), HALF.value(b >> 16)
    return HALF.value(a & 0xFFFF), low, HALF.value(a >> 16), low if replicated else high


def words_of_halves(seed: int) -> tuple[Words, Words]:
    a, b = samples(HALF, 2, 2 * PAIRS, seed)
    return paired(a)[0], paired(b)[0]


@pytest.mark.parametrize(("funct3", "funct7", "sign"), [(0, 0x4B, 1), (4, 0x4B, 1), (0, 0x5D, -1)])
def test_dot_products_into_singles(machine: Machine, funct3: int, funct7: int, sign: int) -> None:
    """The sum of the products rounds to single, then the total does; both to nearest."""
    a, b = words_of_halves(funct7 + funct3)
    d = singles(4, HALF, len(a))
    found = run(machine, [set_mode(1), r_type(0x33, funct3, funct7), set_mode(0)], a, b, d)[:, 2]
    a0, b0, a1, b1 = products(a, b, bool(funct3 & 4))
    with np.errstate(all="ignore"):
        inner = SINGLE.rounded(total(a1 * b1, a0 * b0))
        agree(found, SINGLE.bits(SINGLE.rounded(total(SINGLE.value(d), sign * inner))), a, b, d)


@pytest.mark.parametrize("funct3", [2, 6])
def test_dot_product_of_halves(machine: Machine, funct3: int) -> None:
    """The second product rounds, the fused sum with the first again; the upper half is 0."""
    a, b = words_of_halves(funct3)
    found = run(machine, [r_type(0x33, funct3, 0x4A)], a, b, np.array([0xFFFFFFFF]))[:, 2]
    a0, b0, a1, b1 = products(a, b, bool(funct3 & 4))
    with np.errstate(all="ignore"):
        second = HALF.rounded(a1 * b1)
        agree(found, HALF.bits(HALF.rounded(product_sum(a0, b0, second))), a, b)


def test_products_of_halves_into_singles(machine: Machine) -> None:
    a, b = samples(HALF, 2, PAIRS, 5)
    d = singles(6, HALF, len(a))
    x, y, z = HALF.value(a), HALF.value(b), SINGLE.value(d)
    with np.errstate(all="ignore"):
        found = run(machine, [r_type(0x53, 0, 0x26)], a, b, d)[:, 2]
        agree(found, SINGLE.bits(SINGLE.rounded(x * y)), a, b)
        found = run(machine, [r_type(0x53, 0, 0x2A)], a, b, d)[:, 2]
        agree(found, SINGLE.bits(SINGLE.rounded(product_sum(x, y, z))), a, b, d)
