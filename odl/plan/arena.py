"""Offsets for storages: greedy in several orders, then a solver where that leaves a gap."""

from __future__ import annotations

from collections.abc import Callable

from odl.plan.liveness import Storage

SOLVER_SECONDS = 0.5
"""Deterministic time of the solver (OR-tools' unit), so that the same model gets the same plan;
with hundreds of storages it is some seconds of real time."""

Offsets = list[int]

_ORDERS: tuple[Callable[[Storage], tuple[int, int]], ...] = (
    lambda s: (-s.size, s.first),
    lambda s: (-s.size * (s.last - s.first + 1), s.first),
    lambda s: (s.first, -s.size),
    lambda s: (s.first - s.last, -s.size),
)


def place(storages: list[Storage], bound: int, alignment: int) -> tuple[Offsets, str]:
    """An offset for each storage such that no two that live together overlap.

    Returns:
        the offsets and the planner that found them: `greedy` or `cp-sat`.
    """
    plans = [_first_fit(storages, order, alignment) for order in _ORDERS]
    best = min(plans, key=lambda offsets: _height(storages, offsets))
    if _height(storages, best) > _aligned(bound, alignment):
        solved = _solve(storages, _height(storages, best), bound, alignment)
        if solved is not None and _height(storages, solved) < _height(storages, best):
            return solved, "cp-sat"
    return best, "greedy"


def place_within(storages: list[Storage], room: int, alignment: int) -> Offsets | None:
    """`place` into `room` bytes: the first plan that fits; None if none does."""
    for order in _ORDERS:
        offsets = _first_fit(storages, order, alignment)
        if _height(storages, offsets) <= room:
            return offsets
    return None


def _aligned(n: int, alignment: int) -> int:
    return -(-n // alignment) * alignment


def _height(storages: list[Storage], offsets: Offsets) -> int:
    return max((o + s.size for s, o in zip(storages, offsets, strict=True)), default=0)


def _first_fit(
    storages: list[Storage], order: Callable[[Storage], tuple[int, int]], alignment: int
) -> Offsets:
    """Each storage, in the order given, at the lowest offset that is free during its life."""
    placed: list[tuple[int, Storage]] = []
    offsets = [0] * len(storages)
    for i in sorted(range(len(storages)), key=lambda i: order(storages[i])):
        s, offset = storages[i], 0
        beside = [p for p in placed if p[1].first <= s.last and s.first <= p[1].last]
        for at, other in sorted(beside, key=lambda p: p[0]):
            if offset + s.size <= at:
                break
            offset = max(offset, _aligned(at + other.size, alignment))
        placed.append((offset, s))
        offsets[i] = offset
    return offsets


def _solve(storages: list[Storage], height: int, bound: int, alignment: int) -> Offsets | None:
    """CP-SAT's rectangles that do not overlap; None without OR-tools, or if it finds none."""
    try:
        from ortools.sat.python import cp_model  # half a second to import, and rarely needed
    except ImportError:
        return None
    model = cp_model.CpModel()
    units = [_aligned(s.size, alignment) // alignment for s in storages]
    top_unit = _aligned(height, alignment) // alignment
    top = model.new_int_var(bound // alignment, top_unit, "top")
    starts, lives, spans = [], [], []
    for i, (s, n) in enumerate(zip(storages, units, strict=True)):
        start = model.new_int_var(0, top_unit - n, f"start{i}")
        lives.append(model.new_fixed_size_interval_var(s.first, s.last - s.first + 1, f"life{i}"))
        spans.append(model.new_fixed_size_interval_var(start, n, f"span{i}"))
        model.add(start + n <= top)
        starts.append(start)
    model.add_no_overlap_2d(lives, spans)
    model.minimize(top)
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = SOLVER_SECONDS
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    try:
        if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
    except MemoryError:  # of the sandbox; the greedy plan will do
        return None
    return [solver.value(v) * alignment for v in starts]
