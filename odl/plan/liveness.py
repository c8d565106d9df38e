"""Which tensors share memory, and from which step to which step it is in use."""

from __future__ import annotations

from dataclasses import dataclass, field

from odl.plan.lower import Lowered
from odl.program import Call


@dataclass(eq=False)
class Storage:
    """Bytes that one or more tensors occupy one after another, or as views of each other."""

    size: int
    first: int
    last: int
    tensors: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.tensors[0]


def find_storages(lowered: Lowered, join: bool = True) -> list[Storage]:
    """Views share their source's bytes; a result takes over a dying operand where it may.

    Args:
        join: False: it does not.
    """
    storages = _with_lives(lowered)
    for step, call in enumerate(lowered.calls if join else ()):
        for ref in call.refs(call.kernel.writes):
            mine = storages[ref.tensor]
            source = _heir_of(call, step, mine, storages)
            if source is not None:
                source.last = mine.last
                source.tensors += mine.tensors
                storages.update(dict.fromkeys(mine.tensors, source))
    unique = {id(s): s for s in storages.values()}
    return sorted(unique.values(), key=lambda s: (s.first, s.tensors))


def _heir_of(call: Call, step: int, mine: Storage, storages: dict[str, Storage]) -> Storage | None:
    """The operand that dies in this step and whose memory the result may take over."""
    others = [n for n in call.kernel.reads if n not in call.overlay and call.args[n] is not None]
    kept = [storages.get(call.args[n].tensor) for n in others]
    kept += [storages.get(call.when.tensor)] if call.when is not None else []
    for name in call.overlay:
        source = storages.get(call.args[name].tensor)
        if (
            source is not None
            and source is not mine
            and source.last == step == mine.first
            and source.size == mine.size
            and all(source is not other for other in kept)
        ):
            return source
    return None


def _with_lives(lowered: Lowered) -> dict[str, Storage]:
    """A storage for each tensor that is not a constant, views joined, with its exact life."""
    end = len(lowered.calls)
    storages: dict[str, Storage] = {}
    for name, tensor in lowered.tensors.items():
        source = lowered.views.get(name)
        if source is not None and source in storages:
            storages[name] = storages[source]
            storages[name].tensors.append(name)
        elif tensor.data is None and source is None:
            storages[name] = Storage(tensor.nbytes, end, 0, [name])
    for step, call in enumerate(lowered.calls):
        for ref in (*call.sources, *call.refs(call.kernel.writes)):
            if ref.tensor in storages:
                s = storages[ref.tensor]
                s.first, s.last = min(s.first, step), max(s.last, step)
        for move in call.transfers:
            for name in (move.tensor, move.tile):
                if name in storages:
                    s = storages[name]
                    s.first, s.last = min(s.first, step), max(s.last, step)
    for name, _ in lowered.presets:
        storages[name].first, storages[name].last = 0, end
    for name in lowered.inputs:
        storages[name].first = 0
    for name, successor in lowered.states:
        storages[name].first, storages[name].last = 0, end
        storages[name].tensors += storages[successor].tensors
        storages.update(dict.fromkeys(storages[successor].tensors, storages[name]))
    for name in lowered.outputs:
        if name in storages:
            storages[name].last = end
    return storages


def lower_bound(storages: list[Storage]) -> tuple[int, int]:
    """Largest sum of live bytes, and the first step that has it: no plan needs less."""
    events: dict[int, int] = {}
    for s in storages:
        events[s.first] = events.get(s.first, 0) + s.size
        events[s.last + 1] = events.get(s.last + 1, 0) - s.size
    live = best = at = 0
    for step in sorted(events):
        live += events[step]
        if live > best:
            best, at = live, step
    return best, at
