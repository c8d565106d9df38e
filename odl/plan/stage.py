"""Steps for a machine whose cores work in a small fast memory that is filled beside their work.

Tensors live in the home memory, but for residents: those that are needed for a short time live in
the fast one. All others pass through tiles. A tile is filled during the step before the one that
uses it, and written back during the step after, so that a tile's life is two steps and the cores
need not wait; where a step's input is still on its way, steps stand between that only wait.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from odl.plan.choices import Choices
from odl.plan.liveness import Storage
from odl.plan.lower import Lowered
from odl.plan.tiles import WHOLE, Operand, cuts, is_alike, share_macs
from odl.program import IDLE, Call, Ref, Tensor, Transfer
from odl.tiling import Block, Piece

RESERVE = 0.5
"""Share of the fast memory that residents leave to tiles, if the call's other operands need it."""
ATTEMPTS = 5
"""To find residents that leave room to all calls."""
WAITS = 3
"""Steps after which all transfers are over and all tiles given back."""


@dataclass(frozen=True)
class Staged:
    """Calls over tiles, and which storages live in the fast memory."""

    lowered: Lowered
    residents: frozenset[str]
    """Names of storages."""


def _size(s: Storage) -> tuple[int, str]:
    return s.size, s.name


def _has_gaps(call: Call) -> bool:
    """Whether a piece may leave elements of its output's block as they are."""
    tiling = call.kernel.tiling
    return tiling is None or tiling.has_gaps(call.args)


@dataclass
class _Tile:
    name: str
    size: int
    last: int


def stage(
    lowered: Lowered, storages: list[Storage], capacity: int, alignment: int, choices: Choices
) -> Staged:
    """Cut calls and add transfers, so that at no step more than `capacity` bytes are in use.

    Args:
        storages: of `lowered`, with their lives in calls.
    """
    homeless: set[str] = set()
    for _ in range(ATTEMPTS):
        stager = _Stager(lowered, storages, capacity, alignment, choices, homeless)
        for number, call in enumerate(lowered.calls):
            stager.add(number, call)
        if not stager.in_the_way:
            break
        homeless |= stager.in_the_way
    tensors = {**lowered.tensors, **stager.tiles}
    return Staged(replace(lowered, calls=stager.calls(), tensors=tensors), stager.residents)


class _Stager:
    def __init__(
        self,
        lowered: Lowered,
        storages: list[Storage],
        capacity: int,
        alignment: int,
        choices: Choices,
        homeless: set[str],
    ) -> None:
        self._lowered, self._capacity, self._alignment = lowered, capacity, alignment
        self._choices = choices
        self._home = {name: s for s in storages for name in s.tensors}
        self._writers: dict[str, int] = defaultdict(int)
        for call in lowered.calls:
            for ref in call.refs(call.kernel.writes):
                self._writers[self._origin(ref.tensor)] += 1
        self._resident_bytes = [0] * len(lowered.calls)
        self.residents = self._choose_residents([s for s in storages if s.name not in homeless])
        self.in_the_way: set[str] = set()
        """Residents without which calls could be cut that cannot be with them."""
        self.tiles: dict[str, Tensor] = {}
        self._steps: list[tuple[int, Call | None]] = []
        self._loads: dict[int, list[Transfer]] = defaultdict(list)
        self._stores: dict[int, list[Transfer]] = defaultdict(list)
        self._in_tiles: dict[int, int] = defaultdict(int)  # bytes by step
        self._at_hand: dict[tuple[str, Block], _Tile] = {}
        self._written: dict[str, list[tuple[int, Transfer | None]]] = defaultdict(list)

    def calls(self) -> tuple[Call, ...]:
        """All steps, with a last one for the last transfers."""
        end = len(self._steps)
        steps = [*self._steps, (0, None)] if self._stores[end] else self._steps
        idle = Call(IDLE, "", {}, op="Transfer")
        return tuple(
            replace(call or idle, transfers=(*self._loads[i], *self._stores[i]))
            for i, (_, call) in enumerate(steps)
        )

    # --- residents ---

    def _choose_residents(self, storages: list[Storage]) -> frozenset[str]:
        """Storages of inner tensors, those of short lives first, as long as there is room."""
        lowered = self._lowered
        fixed = {*lowered.inputs, *lowered.outputs}
        fixed |= {name for pair in lowered.states for name in pair}
        chosen = set()
        free = [self._room(call) for call in lowered.calls]
        for s in sorted(storages, key=lambda s: (s.last - s.first, s.size, s.name)):
            if fixed & set(s.tensors) or s.last >= len(lowered.calls):
                continue
            span = range(s.first, s.last + 1)
            size = self._aligned(s.size)
            if all(self._resident_bytes[c] + size <= free[c] for c in span):
                chosen.add(s.name)
                for c in span:
                    self._resident_bytes[c] += size
        return frozenset(chosen)

    def _room(self, call: Call) -> int:
        """Bytes for residents during a call: what its long-lived operands do not need for tiles."""
        others = 0
        for ref in call.refs(call.kernel.reads + call.kernel.writes):
            s = self._home.get(ref.tensor)
            if s is None or s.last - s.first > 1:
                others += self._lowered.tensors[ref.tensor].nbytes
        return self._capacity - min(2 * others, int(RESERVE * self._capacity))

    # --- steps ---

    def add(self, number: int, call: Call) -> None:
        """The steps of one call."""
        operands = self._operands(call)
        if all(o.resident for o in operands):
            self._place_whole(number, call)
            return
        at_hand = {o.name for o in operands if self._find(o, o.block(WHOLE))}
        budget = self._capacity - max(self._resident_bytes[max(number - 1, 0) : number + 1])
        found = cuts(call, operands, budget, at_hand)
        pieces = self._choices.cut(call, found).pieces if found else []
        for piece, macs in zip(pieces, share_macs(call.macs, operands, pieces), strict=True):
            self._place(number, replace(call, macs=macs), operands, piece)
        if not pieces:
            self._blame(number, operands)
            self._place_whole(number, call)

    def _blame(self, number: int, operands: list[Operand]) -> None:
        """For a call that cannot be cut: its smallest resident, else the largest beside it."""
        own = {self._home[o.tensor.name] for o in operands if o.resident}
        beside = {self._home[n] for n in self.residents} - own
        alive = (s for s in beside if s.first <= number <= s.last)
        order = [*sorted(own, key=_size), *sorted(alive, key=_size, reverse=True)]
        self.in_the_way |= {s.name for s in order[:1]}

    def _operands(self, call: Call) -> list[Operand]:
        found = []
        for name in call.kernel.reads + call.kernel.writes:
            ref = call.args[name]
            if ref is None:
                continue
            tensor = self._lowered.tensors[ref.tensor]
            writes = name in call.kernel.writes
            partial = ref.offset > 0 or self._writers[self._origin(ref.tensor)] > 1
            reads = not writes or (partial and _has_gaps(call))
            offset, resident = ref.offset // tensor.dtype.size, self._is_resident(ref.tensor)
            found.append(Operand(name, tensor, offset, reads, writes, resident))
        return self._in_place(call, found)

    def _in_place(self, call: Call, operands: list[Operand]) -> list[Operand]:
        """The same, where a result shares one tile with an operand that it may take over.

        Not with one that is at hand: that tile is still to be written back.
        """
        results = [o for o in operands if o.writes]
        for o in operands:
            if o.name not in call.overlay or self._find(o, o.block(WHOLE)):
                continue
            for y in results:
                alone = sum(other.tensor is o.tensor for other in operands) == 1
                if alone and not (o.resident or y.resident or y.reads) and is_alike(call, o, y):
                    merged = replace(y, reads=True, source=o)
                    return [merged if other is y else other for other in operands if other is not o]
        return operands

    def _place(self, number: int, call: Call, operands: list[Operand], piece: Piece) -> None:
        """Put a piece at the first step where its input can be there and its tiles have room."""
        parts = [(o, o.block(piece)) for o in operands]
        begin = max(len(self._steps), 1)
        places = ((reuse, s) for reuse in (True, False) for s in range(begin, begin + WAITS + 1))
        known = self._known(call)
        reuse, step = next(
            p for p in places if p[1] > known and self._fits(number, p[1], parts, p[0])
        )
        while len(self._steps) < step:
            self._steps.append((number, None))
        args, fresh = dict(call.args), list[tuple[Operand, Block, _Tile]]()
        for o, block in parts:
            if o.resident:
                args[o.name] = Ref(o.tensor.name, block.offset * o.tensor.dtype.size)
                continue
            tile = self._find(o, block) if reuse else None
            if tile is not None:
                self._occupy(range(tile.last + 1, step + 1), tile.size)
            else:
                tile = self._new_tile(o, block)
                fresh.append((o, block, tile))
                if o.reads:
                    source = o.source or o
                    self._loads[step - 1].append(self._transfer(source, block, tile, into=True))
                self._occupy(range(step - o.reads, step + 1 + o.writes), tile.size)
            tile.last = max(tile.last, step + o.writes)
            args[o.name] = Ref(tile.name)
            if o.source:
                args[o.source.name] = Ref(tile.name)
        args.update(piece.changed)
        self._steps.append((number, replace(call, args=args)))
        for o in operands:
            if o.writes:  # what is at hand of it is out of date
                self._forget(o.tensor.name)
        for o, block, tile in fresh:
            self._at_hand[self._origin(o.tensor.name), block] = tile
            if o.writes:
                move = self._transfer(o, block, tile, into=False)
                self._stores[step + 1].append(move)
                self._written[move.tensor].append((step + 1, move))

    def _place_whole(self, number: int, call: Call) -> None:
        """A call that works where its tensors live, once they are complete there."""
        touched = [r.tensor for r in (*call.sources, *call.refs(call.kernel.writes))]
        ready = [at for t in touched for at, _ in self._written[self._origin(t)]]
        while len(self._steps) <= max(ready, default=-1):
            self._steps.append((number, None))
        for ref in call.refs(call.kernel.writes):
            self._forget(ref.tensor)
            if not self._is_resident(ref.tensor):
                self._written[self._origin(ref.tensor)].append((len(self._steps), None))
        self._steps.append((number, call))

    def _known(self, call: Call) -> int:
        """The step in which the call's condition comes to the memory where the cores look at it."""
        if call.when is None:
            return -1
        return max((at for at, _ in self._written[self._origin(call.when.tensor)]), default=-1)

    def _fits(
        self, number: int, step: int, parts: list[tuple[Operand, Block]], reuse: bool
    ) -> bool:
        """Whether a piece can run at `step`: transfers in order, and all tiles in memory."""
        more: dict[int, int] = defaultdict(int)
        for o, block in parts:
            if o.resident:
                continue
            size = self._aligned(block.elements * o.tensor.dtype.size)
            tile = self._find(o, block) if reuse else None
            first, last = step - o.reads, step + o.writes
            if tile is not None:
                first = tile.last + 1
            elif o.reads and self._ready(o, block) >= first:
                return False
            for at in range(first, last + 1):
                more[at] += size
        return all(self._used(number, at) + size <= self._capacity for at, size in more.items())

    def _used(self, number: int, step: int) -> int:
        """Bytes in use at a step; of one that does not exist yet, by what is known."""
        calls = [number, max(number - 1, 0)]
        if step < len(self._steps) and self._steps[step][1] is not None:
            calls = [self._steps[step][0]]
        return self._in_tiles[step] + max(self._resident_bytes[c] for c in calls)

    def _ready(self, o: Operand, block: Block) -> int:
        """The step in which the last bytes of the block come to the home memory."""
        wanted = self._transfer(o.source or o, block, None, into=True)
        steps = (
            at for at, move in self._written[wanted.tensor] if move is None or move.meets(wanted)
        )
        return max(steps, default=-1)

    # --- tiles ---

    def _find(self, o: Operand, block: Block) -> _Tile | None:
        """A tile that holds the block already, for an operand that is only read."""
        tile = None if o.writes else self._at_hand.get((self._origin(o.tensor.name), block))
        recent = tile is not None and len(self._steps) - tile.last <= WAITS
        return tile if recent else None

    def _forget(self, tensor: str) -> None:
        origin = self._origin(tensor)
        for key in [k for k in self._at_hand if k[0] == origin]:
            del self._at_hand[key]

    def _new_tile(self, o: Operand, block: Block) -> _Tile:
        name = f"{o.tensor.name}/tile{len(self.tiles)}"
        tensor = Tensor(name, o.tensor.dtype, (block.elements,), "tile")
        self.tiles[name] = tensor
        return _Tile(name, self._aligned(tensor.nbytes), 0)

    def _transfer(self, o: Operand, block: Block, tile: _Tile | None, into: bool) -> Transfer:
        size = o.tensor.dtype.size
        return Transfer(
            self._origin(o.tensor.name),
            tile.name if tile else "",
            into,
            block.offset * size,
            block.row * size,
            block.rows,
            block.stride * size,
        )

    def _occupy(self, steps: range, size: int) -> None:
        for step in steps:
            self._in_tiles[step] += size

    def _origin(self, name: str) -> str:
        return self._lowered.views.get(name, name)

    def _is_resident(self, name: str) -> bool:
        s = self._home.get(name)
        return s is not None and s.name in self.residents

    def _aligned(self, n: int) -> int:
        return -(-n // self._alignment) * self._alignment
