"""Which memory holds what, and where: one memory, a fast one that holds all, or tiles of a home."""

from __future__ import annotations

from dataclasses import dataclass, replace

from odl.plan.arena import place, place_within
from odl.plan.liveness import Storage, find_storages, lower_bound
from odl.plan.lower import Lowered
from odl.plan.stage import stage
from odl.program import Buffer, Call, Ref, Tensor
from odl.target import Target

CAPACITIES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Shares of the fast memory that tiles may fill, until they can be placed without overlap."""


@dataclass(frozen=True)
class Layout:
    """Calls as they will run, and a place for every tensor that is not a constant."""

    lowered: Lowered
    buffers: tuple[Buffer, ...]
    home: dict[str, str]
    """Tensor to buffer."""
    lower_bound: int
    """Of the home memory, in bytes."""
    planner: str


def lay_out(lowered: Lowered, target: Target, alignment: int) -> Layout:
    """Use the fast memory, where the target has one, as well as it goes."""
    near, home = target.memories[0], target.memories[-1]
    if near is not home:
        kept = keep_constants(lowered)
        layout = _in_one(kept, near.name, alignment)
        if max((b.offset + b.size for b in layout.buffers), default=0) <= near.bytes:
            return layout
        for share in CAPACITIES:
            capacity = int(share * near.bytes) // alignment * alignment
            staged = _in_two(lowered, near.name, capacity, near.bytes, home.name, alignment)
            if staged is not None:
                return staged
    return _in_one(lowered, home.name, alignment)


def keep_constants(lowered: Lowered) -> Lowered:
    """The same with every constant that a kernel reads in a tile of its own."""
    tiles: dict[str, Tensor] = {}
    names: dict[str, str] = {}

    def near(ref: Ref) -> Ref:
        origin = lowered.views.get(ref.tensor, ref.tensor)
        constant = lowered.tensors[origin]
        if constant.data is None:
            return ref
        name = names.setdefault(origin, f"{origin}/tile")
        tiles[name] = Tensor(name, constant.dtype, (constant.elements,), "tile")
        return Ref(name, ref.offset)

    def over_tiles(call: Call) -> Call:
        reads = {n: near(call.args[n]) for n in call.kernel.reads if call.args[n] is not None}
        return replace(call, args={**call.args, **reads})

    calls = tuple(map(over_tiles, lowered.calls))
    presets = tuple((tile, constant) for constant, tile in names.items())
    return replace(lowered, calls=calls, tensors={**lowered.tensors, **tiles}, presets=presets)


def _in_one(lowered: Lowered, memory: str, alignment: int) -> Layout:
    """Everything in one memory."""
    storages = find_storages(lowered)
    bound, _ = lower_bound(storages)
    offsets, planner = _place(storages, lowered, bound, alignment)
    return Layout(lowered, _buffers(storages, offsets, memory), _homes(storages), bound, planner)


def _in_two(
    lowered: Lowered, near: str, capacity: int, most: int, home: str, alignment: int
) -> Layout | None:
    """Tiles and residents in one memory, the rest in another; None if they cannot be placed."""
    planned = find_storages(lowered)
    staged = stage(lowered, planned, capacity, alignment)
    lives = {s.name: s for s in find_storages(staged.lowered, join=False)}
    storages = [_over_steps(s, lives) for s in planned]
    inside = [s for s in storages if s.name in staged.residents]
    inside += [s for s in lives.values() if staged.lowered.tensors[s.name].kind == "tile"]
    offsets = place_within(inside, most, alignment)
    if offsets is None:
        return None
    outside = [s for s in storages if s.name not in staged.residents]
    bound, _ = lower_bound(outside)
    at_home, planner = _place(outside, lowered, bound, alignment)
    buffers = (*_buffers(inside, offsets, near), *_buffers(outside, at_home, home))
    return Layout(staged.lowered, buffers, _homes(inside + outside), bound, planner)


def _over_steps(storage: Storage, lives: dict[str, Storage]) -> Storage:
    """A storage with its life in steps, from the lives of its tensors one by one."""
    parts = [lives[name] for name in storage.tensors if name in lives]
    first, last = min(p.first for p in parts), max(p.last for p in parts)
    return Storage(storage.size, first, last, storage.tensors)


def _place(
    storages: list[Storage], lowered: Lowered, bound: int, alignment: int
) -> tuple[list[int], str]:
    """States first, one behind the other in their order; everything else above them."""
    at, offsets = 0, dict[str, int]()
    by_name = {s.name: s for s in storages}
    for name, _ in lowered.states:
        offsets[name] = at
        at = -(-(at + by_name[name].size) // alignment) * alignment
    others = [s for s in storages if s.name not in offsets]
    whole = sum(by_name[name].size for name in offsets)
    placed, planner = place(others, bound - whole, alignment)
    offsets |= {s.name: at + offset for s, offset in zip(others, placed, strict=True)}
    return [offsets[s.name] for s in storages], planner


def _buffers(storages: list[Storage], offsets: list[int], memory: str) -> tuple[Buffer, ...]:
    return tuple(
        Buffer(s.name, memory, offset, s.size, s.first, s.last)
        for s, offset in zip(storages, offsets, strict=True)
    )


def _homes(storages: list[Storage]) -> dict[str, str]:
    return {name: s.name for s in storages for name in s.tensors}
