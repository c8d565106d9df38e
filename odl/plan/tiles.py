"""Into how many pieces a call is cut, so that they fit and the transfers cost least."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import prod

from odl.program import Call, Tensor
from odl.tiling import Block, Piece, Span

PIECE_CYCLES = 2500
"""What a piece costs beside its share of the work: a barrier, the start of transfers, cores that
wait where rows do not divide, caches that are filled again. As ResNet8 and DS-CNN have it."""
BYTES_PER_CYCLE = 8
"""Of the DMA."""
MACS_PER_CYCLE = 5
RESULTS_PER_CYCLE = 3
"""Rough, over all cores: they only weigh transfers against work."""
MOST_PIECES = 256
FURTHER = 4
"""So many times as many pieces are tried as the fewest that fit."""
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
    source: Operand | None = None
    """What its tile is filled with, where the call may overwrite that in place."""

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
    moved = [o for o in operands if not o.resident]
    found = []
    if sum(o.nbytes(WHOLE) for o in moved) <= budget:
        fresh = sum(o.nbytes(WHOLE) for o in moved if o.name not in at_hand)
        work = _work(call, operands)
        found.append(Cut({}, [WHOLE], work + PIECE_CYCLES + fresh / BYTES_PER_CYCLE))
        if 4 * fresh <= budget:  # a small call is not worth a search
            return found
    found = found + _cut(call, operands, budget, is_fine=False)
    found = found or _cut(call, operands, budget, is_fine=True)
    return sorted(found, key=lambda c: c.cycles)


def _cut(call: Call, operands: list[Operand], budget: int, *, is_fine: bool) -> list[Cut]:
    """The ways to cut a call into several pieces that fit."""
    fixed = [o for o in operands if o.resident]
    moved = [o for o in operands if not o.resident]
    work, most, found = _work(call, operands), MOST_PIECES, []
    for spans in _partitions(call, is_fine):
        count = prod(map(len, spans.values()))
        if count > most:
            break
        pieces = _pieces(call, spans, moved, budget)
        if not pieces or any(o.block(p).rows > 1 for o in fixed for p in pieces):
            continue
        cost = _cost(work, moved, pieces, budget)
        if cost is not None:
            parts = {name: len(s) for name, s in spans.items() if len(s) > 1}
            found.append(Cut(parts, pieces, cost))
            most = min(most, FURTHER * count)
    return found


def is_alike(call: Call, a: Operand, b: Operand) -> bool:
    """Whether every piece has the same part of both, which then may share a tile."""
    tiling, pieces = call.kernel.tiling, [WHOLE]
    axes = tiling.axes(call.args) if tiling is not None else []
    for halved in axes:
        spans = {
            axis.name: Span(axis.size // 2 if axis is halved else 0, axis.size) for axis in axes
        }
        pieces.append(tiling.piece(call.args, spans))  # type: ignore[union-attr]
    same_size = a.tensor.dtype.size == b.tensor.dtype.size
    return same_size and all(a.block(p) == b.block(p) for p in pieces)


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
    tiles = [[(o.block(p), o.nbytes(p)) for o in moved] for p in pieces]
    for at, piece in enumerate(tiles):
        fresh = held = 0.0
        for i, (o, (block, size)) in enumerate(zip(moved, piece, strict=True)):
            same = at > 0 and not o.writes and tiles[at - 1][i][0] == block
            held += size if same else 0
            fresh += 0 if same else size * 3 / 2 if o.source else size
            loads += 0 if same or not o.reads else size
            stores += size if o.writes else 0
        if held + 2 * fresh > budget:
            return None
    first = sum(size for o, (_, size) in zip(moved, tiles[0], strict=True) if o.reads)
    last = sum(size for o, (_, size) in zip(moved, tiles[-1], strict=True) if o.writes)
    beside = max(work, (loads + stores - first - last) / BYTES_PER_CYCLE)
    return beside + (first + last) / BYTES_PER_CYCLE + len(pieces) * PIECE_CYCLES


def _partitions(call: Call, is_fine: bool) -> list[dict[str, list[Span]]]:
    """Partitions of the call's axes, those into few pieces first."""
    tiling = call.kernel.tiling
    if tiling is None:
        return []
    axes = {}
    for axis in tiling.axes(call.args):
        axes[axis.name] = _shares(axis.size, axis.least or axis.unit if is_fine else axis.unit)
    found = [dict(zip(axes, spans, strict=True)) for spans in itertools.product(*axes.values())]
    cut = [spans for spans in found if any(len(s) > 1 for s in spans.values())]
    return sorted(cut, key=lambda spans: prod(map(len, spans.values())))


def _pieces(
    call: Call, spans: dict[str, list[Span]], moved: list[Operand], budget: int
) -> list[Piece]:
    """All pieces of a partition; none where the first alone is too large."""
    assert call.kernel.tiling is not None
    pieces = []
    for combined in itertools.product(*spans.values()):
        pieces.append(call.kernel.tiling.piece(call.args, dict(zip(spans, combined, strict=True))))
        if len(pieces) == 1 and sum(o.nbytes(pieces[0]) for o in moved) > budget:
            return []
    return pieces


def _shares(length: int, unit: int) -> list[list[Span]]:
    """An axis in 1, 2, 3 ... even parts, each size once."""
    units = -(-length // unit)
    sizes = list(dict.fromkeys(-(-units // n) for n in range(1, min(units, MOST_PIECES) + 1)))
    if len(sizes) > MOST_SHARES:  # the sizes between the first few and the last are as good
        step = len(sizes) / MOST_SHARES
        sizes = [sizes[int(i * step)] for i in range(MOST_SHARES)] + sizes[-1:]
    return [
        [Span(begin * unit, min((begin + size) * unit, length)) for begin in range(0, units, size)]
        for size in dict.fromkeys(sizes)
    ]
