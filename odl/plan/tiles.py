"""Into how many pieces a call is cut, so that they fit and the transfers cost least."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from odl.program import Call, Tensor
from odl.tiling import Axis, Block, Piece, Span

PIECE_CYCLES = 300
"""What a step costs beside its kernel: its barrier, its arguments, the start of its transfers."""
BYTES_PER_CYCLE = 8
"""Of the DMA."""
MACS_PER_CYCLE = 5
RESULTS_PER_CYCLE = 3
"""Rough, over all cores: they only weigh transfers against work."""
MOST_PIECES = 256
MOST_SHARES = 12
"""Sizes that are tried on an axis."""


@dataclass(frozen=True)
class Operand:
    """What a call reads or writes: through tiles, but where the tensor is resident."""

    name: str
    tensor: Tensor
    offset: int
    """Elements from the tensor's beginning to where the operand begins."""
    reads: bool
    writes: bool
    resident: bool = False

    def block(self, piece: Piece) -> Block:
        """Its part in the piece, from the tensor's beginning on."""
        b = piece.blocks.get(self.name, Block(0, self.tensor.elements - self.offset)).merged()
        return Block(self.offset + b.offset, b.row, b.rows, b.stride)

    def nbytes(self, piece: Piece) -> int:
        return self.block(piece).elements * self.tensor.dtype.size


WHOLE = Piece({}, {})


@dataclass(frozen=True)
class Cut:
    """A call in pieces, in order."""

    parts: dict[str, int]
    """Of each axis that is cut, into how many."""
    pieces: list[Piece]
    cycles: float
    """Estimated, with transfers."""


def cuts(call: Call, operands: list[Operand], budget: int, at_hand: set[str]) -> list[Cut]:
    """The ways to cut a call that fit, the best first; none if none does.

    A resident operand is used where it lies, so a piece's part of it must be one row.

    Args:
        budget: bytes that all tiles may take at one time.
        at_hand: operands that need no transfer if the call is not cut.
    """
    fixed = [o for o in operands if o.resident]
    moved = [o for o in operands if not o.resident]
    work = _work(call, operands)
    found = []
    if sum(o.nbytes(WHOLE) for o in moved) <= budget:
        fresh = sum(o.nbytes(WHOLE) for o in moved if o.name not in at_hand)
        found.append(Cut({}, [WHOLE], work + PIECE_CYCLES + fresh / BYTES_PER_CYCLE))
        if 4 * fresh <= budget:  # a small call is not worth a search
            return found
    for parts, pieces in _partitions(call):
        if any(o.block(piece).rows > 1 for o in fixed for piece in pieces):
            continue
        cost = _cost(work, moved, pieces, budget)
        if cost is not None:
            found.append(Cut(parts, pieces, cost))
    return sorted(found, key=lambda c: c.cycles)


def share_macs(macs: int, operands: list[Operand], pieces: list[Piece]) -> list[int]:
    """The work of each piece, by its results; in sum that of the call."""
    result = next((o for o in operands if o.writes), operands[0])
    sizes = list(itertools.accumulate(result.nbytes(piece) for piece in pieces))
    done = [macs * size // sizes[-1] for size in sizes]
    return [b - a for a, b in itertools.pairwise([0, *done])]


def _work(call: Call, operands: list[Operand]) -> float:
    """Estimated cycles of the cores."""
    results = sum(o.tensor.elements for o in operands if o.writes)
    return call.macs / MACS_PER_CYCLE + results / RESULTS_PER_CYCLE


def _cost(work: float, moved: list[Operand], pieces: list[Piece], budget: int) -> float | None:
    """Estimated cycles; None where the pieces do not fit."""
    loads = stores = 0
    for at, piece in enumerate(pieces):
        fresh = held = 0
        for o in moved:
            size = o.nbytes(piece)
            same = at and o.block(pieces[at - 1]) == o.block(piece) and not o.writes
            held += size if same else 0
            fresh += 0 if same else size
            loads += 0 if same or not o.reads else size
            stores += size if o.writes else 0
        if held + 2 * fresh > budget:
            return None
    first = sum(o.nbytes(pieces[0]) for o in moved if o.reads)
    last = sum(o.nbytes(pieces[-1]) for o in moved if o.writes)
    beside = max(work, (loads + stores - first - last) / BYTES_PER_CYCLE)
    return beside + (first + last) / BYTES_PER_CYCLE + len(pieces) * PIECE_CYCLES


def _partitions(call: Call) -> Iterator[tuple[dict[str, int], list[Piece]]]:
    """Partitions of the call's axes, as its kernel's tiling makes them."""
    tiling = call.kernel.tiling
    if tiling is None:
        return
    axes = tiling.axes(call.args)
    for spans in itertools.product(*(_shares(axis) for axis in axes)):
        if 1 < prod(map(len, spans)) <= MOST_PIECES:
            names = [axis.name for axis in axes]
            combined = (dict(zip(names, s, strict=True)) for s in itertools.product(*spans))
            parts = {n: len(s) for n, s in zip(names, spans, strict=True) if len(s) > 1}
            yield parts, [tiling.piece(call.args, s) for s in combined]


def _shares(axis: Axis) -> list[list[Span]]:
    """An axis in 1, 2, 3 ... even parts, each size once."""
    units = -(-axis.size // axis.unit)
    sizes = list(dict.fromkeys(-(-units // n) for n in range(1, units + 1)))
    if len(sizes) > MOST_SHARES:  # the sizes between the first few and one unit are as good
        step = len(sizes) / MOST_SHARES
        sizes = [sizes[int(i * step)] for i in range(MOST_SHARES)] + sizes[-1:]
    return [
        [
            Span(begin * axis.unit, min((begin + size) * axis.unit, axis.size))
            for begin in range(0, units, size)
        ]
        for size in dict.fromkeys(sizes)
    ]
