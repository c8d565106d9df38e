"""Tilings that many kernels share: over a row of elements, and over a nest of loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from odl.program import Kernel
from odl.tiling import Args, Axis, Block, Piece, Span, Tiling

PAIR = 2
"""Elements of half precision in a word: where pieces begin."""


def tiled(kernel: Kernel, tiling: Tiling) -> Kernel:
    """The kernel with the tiling."""
    return replace(kernel, tiling=tiling)


def flat(*operands: str) -> Tiling:
    """Of a kernel over `n` elements, which stand one behind the other in each of `operands`."""

    def axes(a: Args) -> list[Axis]:
        return [Axis("n", a["n"], PAIR)]

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        s = spans["n"]
        return Piece({"n": s.size}, {name: Block(s.begin, s.size) for name in operands})

    return Tiling(axes, piece)


def leading(count: str, per_unit: dict[str, Any]) -> Tiling:
    """Of a kernel over `count` units, of which each operand has so many elements a unit.

    Args:
        per_unit: operand to a function of the call's arguments.
    """

    def axes(a: Args) -> list[Axis]:
        return [Axis(count, a[count])]

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        s = spans[count]
        sizes = {name: size(a) for name, size in per_unit.items() if a[name] is not None}
        blocks = {name: Block(s.begin * n, s.size * n) for name, n in sizes.items()}
        return Piece({count: s.size}, blocks)

    return Tiling(axes, piece)


def nest(walks: dict[str, str], result: str = "y", result_walk: str = "") -> Tiling:
    """Of a loop nest `dims`, cut along its outermost dimension that is longer than one.

    Args:
        walks: operand to the argument with its strides.
        result: the output, which is dense.
        result_walk: the argument with the output's strides, where it has any.
    """

    def outer(a: Args) -> int:
        return next((d for d, n in enumerate(a["dims"]) if n > 1), len(a["dims"]) - 1)

    def axes(a: Args) -> list[Axis]:
        d = outer(a)
        written = a[result_walk] if result_walk else dense_strides(a["dims"])
        tidy = written == dense_strides(a["dims"]) or all(n == 1 for n in a["dims"])
        unit = PAIR if d == len(a["dims"]) - 1 else 1
        return [Axis("outer", a["dims"][d], unit)] if tidy else []

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        d, s = outer(a), spans["outer"]
        dims = (*a["dims"][:d], s.size, *a["dims"][d + 1 :])
        blocks = {n: reach(a, dims, a[w], d, s) for n, w in walks.items() if a[n] is not None}
        inner = dense_strides(a["dims"])[d] if a["dims"][d] > 1 else 1
        blocks[result] = Block(s.begin * inner, s.size * inner)
        return Piece({"dims": dims}, blocks)

    return Tiling(axes, piece)


def reach(
    a: Args, dims: Sequence[int], stride: Sequence[int], d: int, s: Span, more: int = 0
) -> Block:
    """What a nest of `dims` reads from units `s` of dimension d on, as one row."""
    last = sum((n - 1) * step for n, step in zip(dims, stride, strict=True)) + more
    return Block(s.begin * stride[d], last + 1)


def dense_strides(dims: Sequence[int]) -> tuple[int, ...]:
    """Row-major strides, 0 for dimensions of one, as `strides.merge` leaves them."""
    out, step = [], 1
    for n in reversed(dims):
        out.append(step if n > 1 else 0)
        step *= n
    return tuple(reversed(out))
