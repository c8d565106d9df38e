"""How a kernel call is divided into pieces, each of which works on dense tiles of its operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Args = Mapping[str, Any]
"""The arguments of a call, operands included."""


@dataclass(frozen=True, slots=True)
class Span:
    """Units `begin` to `end`, the end not included, of an axis."""

    begin: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Block:
    """What a piece touches of an operand: rows of elements that are equally far apart.

    In the tile the rows stand one behind the other.
    """

    offset: int
    """From where the operand begins to the first row, in elements."""
    row: int
    """Elements of a row."""
    rows: int = 1
    stride: int = 0
    """Elements from one row to the next."""

    @property
    def elements(self) -> int:
        return self.row * self.rows

    def merged(self) -> Block:
        """The same as one row, where the rows touch."""
        if self.rows == 1 or self.stride == self.row:
            return Block(self.offset, self.elements)
        return self


@dataclass(frozen=True)
class Axis:
    """One direction in which a call can be cut: `size` units, best in multiples of `unit`."""

    name: str
    size: int
    unit: int = 1
    least: int = 0
    """In multiples of this where nothing else fits, unless 0."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A call over part of each axis.

    `changed` are the arguments that differ from those of the whole; `blocks` are the parts of
    operands that it needs of those that it does not need whole.
    """

    changed: dict[str, Any]
    blocks: dict[str, Block]


@dataclass(frozen=True)
class Tiling:
    """The axes of a kernel's calls, outermost first, and the piece for a span of each.

    The pieces of a partition of the axes compute together what the whole call computes.
    """

    axes: Callable[[Args], list[Axis]]
    piece: Callable[[Args, dict[str, Span]], Piece]
    has_gaps: Callable[[Args], bool] = lambda a: False
    """Whether elements between those that a piece writes belong to its block of the output."""
