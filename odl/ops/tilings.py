"""Tilings that many kernels share: over a row of elements, and over a nest of loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod as product

from odl.program import Kernel
from odl.tiling import Args, Axis, Block, Piece, Span, Tiling

PAIR = 2
"""Elements of half precision in a word: where pieces begin."""


def tiled(tiling: Tiling) -> Callable[[Kernel], Kernel]:
    """Decorate a kernel with its tiling."""
    return lambda kernel: replace(kernel, tiling=tiling)


def estimated(cycles: Callable[[Args, int], float]) -> Callable[[Kernel], Kernel]:
    """Decorate a kernel with its `cycles`."""
    return lambda kernel: replace(kernel, cycles=cycles)


def gated(**gates: str) -> Callable[[Kernel], Kernel]:
    """Decorate a kernel with its `gates`."""
    return lambda kernel: replace(kernel, gates=gates)


def flat(*operands: str) -> Tiling:
    """Of a kernel over `n` elements, which stand one behind the other in each of `operands`."""

    def axes(a: Args) -> list[Axis]:
        return [Axis("n", a["n"], PAIR)]

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        s = spans["n"]
        return Piece({"n": s.size}, {name: Block(s.begin, s.size) for name in operands})

    return Tiling(axes, piece)


def leading(count: str, **per_unit: Callable[[Args], int]) -> Tiling:
    """Of a kernel over `count` units, of which each operand has so many elements a unit."""

    def axes(a: Args) -> list[Axis]:
        return [Axis(count, a[count])]

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        s = spans[count]
        sizes = {name: size(a) for name, size in per_unit.items() if a[name] is not None}
        blocks = {name: Block(s.begin * n, s.size * n) for name, n in sizes.items()}
        return Piece({count: s.size}, blocks)

    return Tiling(axes, piece)


def nest(walks: dict[str, str], written: str = "", reduced: str = "") -> Tiling:
    """Of a loop nest `dims`, cut along its outermost dimension that is longer than one.

    Args:
        walks: operand to the argument with its strides.
        written: the argument with the strides of the output y, which is dense where it has none.
        reduced: operand that has a second nest, `reduced`, walked by `reduced_stride`.
    """

    def outer(a: Args) -> int:
        return next((d for d, n in enumerate(a["dims"]) if n > 1), len(a["dims"]) - 1)

    def axes(a: Args) -> list[Axis]:
        d, dense = outer(a), dense_strides(a["dims"])
        if (written and a[written] != dense) or any(s < 0 for w in walks.values() for s in a[w]):
            return []
        return [Axis("outer", a["dims"][d], PAIR if d == len(a["dims"]) - 1 else 1)]

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        d, s = outer(a), spans["outer"]
        dims = (*a["dims"][:d], s.size, *a["dims"][d + 1 :])
        blocks = {}
        for name, walk in walks.items():
            last = reach(dims, a[walk])
            if name == reduced:
                last += reach(a["reduced"], a["reduced_stride"])
            blocks[name] = Block(s.begin * a[walk][d], last + 1)
        inner = product(dims[d + 1 :])
        blocks["y"] = Block(s.begin * inner, s.size * inner)
        return Piece({"dims": dims}, blocks)

    return Tiling(axes, piece)


def reach(dims: Sequence[int], stride: Sequence[int]) -> int:
    """Offset of the last element that a nest of `dims` walks to."""
    return sum((n - 1) * step for n, step in zip(dims, stride, strict=True))


def dense_strides(dims: Sequence[int]) -> tuple[int, ...]:
    """Row-major strides, 0 for dimensions of one, as `strides.merge` leaves them."""
    return tuple(product(dims[i + 1 :]) if n > 1 else 0 for i, n in enumerate(dims))
