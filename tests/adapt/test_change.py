"""What is said of a change: its norms, its rank, and the directions that were not there."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

from odl.adapt.change import change_of, difference_of
from tests.firmware.hostcc import ROOT
from tests.models import Array


def random(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def unit(size: int, seed: int) -> Array:
    v = random(size, seed=seed)
    return v / np.linalg.norm(v)


@pytest.mark.parametrize("turned", [False, True])
def test_a_planted_spike_is_the_one_intruder(turned: bool) -> None:
    """None before, none while it is small, one once it is larger than what was there."""
    w0 = random(60, 20)
    spike = np.outer(unit(60, 1), unit(20, 2))
    top = np.linalg.norm(w0, 2)
    shape = (lambda m: m.T[None]) if turned else (lambda m: m[None])
    found = [change_of("w", "x", shape(w0), shape(w0 + s * top * spike)) for s in (0, 1e-3, 1.5, 3)]
    assert [c.intruders for c in found] == [0, 0, 1, 1]
    assert [c.rank for c in found] == [0, 1, 1, 1]
    for c, s in zip(found, (0, 1e-3, 1.5, 3), strict=True):
        assert abs(c.spectral - s * top) < 1e-9 * top
        assert abs(c.norm - s * top) < 1e-9 * top
        assert abs(c.size - s * top / np.linalg.norm(w0)) < 1e-9
        assert c.lost < 1e-6


def test_a_change_along_what_was_there_intrudes_nowhere() -> None:
    w0 = random(60, 20)
    u, s, v = np.linalg.svd(w0, full_matrices=False)
    change = change_of("w", "x", w0[None], ((u * (s * 3)) @ v)[None])
    assert (change.intruders, change.rank) == (0, 20)


def test_intruders_are_as_many_as_peft_finds() -> None:
    """Its reduce_intruder_dimension, of a layer that is taller than wide; see judge.py."""
    golden = load_file(ROOT / "tests/golden/peft/intruders.safetensors")
    w0, spike = golden["w"], golden["left"].astype(np.float64) @ golden["right"]
    counts = {k.removeprefix("count/"): int(v) for k, v in golden.items() if k.startswith("count")}
    assert sorted(set(counts.values())) == [0, 1, 2, 3]
    for size, count in counts.items():
        change = change_of("w", "x", w0[None], (w0 + float(size) * spike)[None])
        assert change.intruders == count, size


def test_groups_are_counted_together_and_the_largest_rank_is_told() -> None:
    w0 = random(3, 40, 10)
    spikes = np.zeros_like(w0)
    spikes[0] = 50 * np.outer(unit(40, 1), unit(10, 2))
    spikes[2] = 50 * np.outer(unit(40, 3), unit(10, 4)) + 40 * np.outer(unit(40, 5), unit(10, 6))
    change = change_of("w", "x", w0, w0 + spikes)
    alone = [change_of("w", "x", *(m[g : g + 1] for m in (w0, w0 + spikes))) for g in range(3)]
    assert change.intruders == sum(c.intruders for c in alone) > max(c.intruders for c in alone)
    assert [c.rank for c in alone] == [1, 0, 2]
    assert change.rank == 2
    assert abs(change.norm - np.linalg.norm(spikes)) < 1e-9


def test_what_two_make_of_one_weight() -> None:
    w0, left, right = random(1, 8, 5), random(1, 8, 2, seed=1), random(1, 2, 5, seed=2)
    change = left @ right
    same = difference_of("w", "x", w0, w0 + change, w0 + change)
    assert (same.norm, same.ranks, same.only) == (0, (2, 2), "")
    assert same.cosine == pytest.approx(1)
    other = difference_of("w", "x", w0, w0 + change, w0 - 2 * change)
    assert other.cosine == pytest.approx(-1)
    assert other.norm == pytest.approx(3 * np.linalg.norm(change))
    assert other.size == pytest.approx(other.norm / np.linalg.norm(w0))
    for a, b, only, ranks in ((change, 0 * change, "a", (2, 0)), (0 * change, change, "b", (0, 2))):
        one = difference_of("w", "x", w0, w0 + a, w0 + b)
        assert (one.only, one.ranks, one.cosine) == (only, ranks, None)
