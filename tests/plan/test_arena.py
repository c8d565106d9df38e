"""Placing storages: nothing that lives together overlaps, and little is wasted."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odl.plan.arena import _first_fit, _height, _solve, place
from odl.plan.liveness import Storage, lower_bound

lives = st.tuples(st.integers(1, 200), st.integers(0, 12), st.integers(0, 6))


def storages(given: list[tuple[int, int, int]]) -> list[Storage]:
    return [Storage(size, a, a + n, [f"t{i}"]) for i, (size, a, n) in enumerate(given)]


def disjoint(made: list[Storage], offsets: list[int]) -> bool:
    placed = list(zip(made, offsets, strict=True))
    return all(
        a.last < b.first or b.last < a.first or i + a.size <= j or j + b.size <= i
        for n, (a, i) in enumerate(placed)
        for b, j in placed[:n]
    )


@given(st.lists(lives, max_size=14), st.sampled_from([1, 4, 16]))
@settings(max_examples=100, deadline=None)
def test_what_lives_together_does_not_overlap(
    given: list[tuple[int, int, int]], alignment: int
) -> None:
    made = storages(given)
    bound, _ = lower_bound(made)
    offsets, _ = place(made, bound, alignment)
    assert disjoint(made, offsets)
    assert all(offset % alignment == 0 for offset in offsets)
    assert _height(made, offsets) >= bound


GAP = [(2, 0, 3), (2, 2, 4), (1, 0, 0), (2, 1, 1), (3, 4, 1), (1, 6, 0), (2, 5, 1), (3, 0, 0)]


@given(st.lists(lives, min_size=2, max_size=8))
@settings(max_examples=30, deadline=None)
def test_the_solver_is_never_worse(given: list[tuple[int, int, int]]) -> None:
    made = storages(given)
    bound, _ = lower_bound(made)
    greedy = min(
        _height(made, _first_fit(made, order, 1))
        for order in (lambda s: (-s.size, s.first), lambda s: (s.first, -s.size))
    )
    solved = _solve(made, greedy, bound, 1)
    assert solved is not None
    assert disjoint(made, solved)
    assert bound <= _height(made, solved) <= greedy


def test_the_same_storages_get_the_same_plan() -> None:
    made = storages(GAP)
    bound, _ = lower_bound(made)
    assert place(made, bound, 1) == place(storages(GAP), bound, 1)


def test_without_the_solver_the_greedy_plan_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    made = storages(GAP)
    assert _solve(made, 100, 1, 1) is None
    offsets, planner = place(made, 0, 1)
    assert planner == "greedy"
    assert disjoint(made, offsets)


def test_a_solver_that_runs_out_of_memory_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(self: object, model: object) -> int:
        raise MemoryError

    monkeypatch.setattr("ortools.sat.python.cp_model.CpSolver.solve", solve)
    made = storages(GAP)
    offsets, planner = place(made, lower_bound(made)[0], 1)
    assert planner == "greedy"
    assert disjoint(made, offsets)
