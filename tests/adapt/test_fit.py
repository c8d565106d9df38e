"""Changes that chains can make, and those that they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from odl.adapt.chain import Blocks, Chain, Columns, Entries, Factor
from odl.adapt.fit import fit
from tests.models import Array

GROUPS, OUTPUTS, CHANNELS, TAPS = 2, 6, 4, 3
COLUMNS = CHANNELS * TAPS


def random(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def chains() -> dict[str, Chain]:
    left, right = Factor(random(GROUPS, OUTPUTS, 3)), Factor(random(GROUPS, 3, COLUMNS))
    taps, picked = Factor(random(GROUPS, OUTPUTS, 2 * TAPS)), np.array([[0, 2], [1, 3]])
    return {
        "both": Chain(left, right=right, scale=2.5),
        "frozen": Chain(left, right=Factor(right.values, trained=False), scale=0.5),
        "core": Chain(left, Factor(random(GROUPS, 3, 3)), right, 1.5),
        "blocks": Chain(taps, right=Blocks(2)),
        "columns": Chain(taps, right=Columns(picked)),
    }


TRAINED = {"both": ("left", "right"), "frozen": ("left",), "core": ("core",),
           "blocks": ("left",), "columns": ("left",)}  # fmt: skip


@pytest.mark.parametrize("name", TRAINED)
def test_what_the_chain_makes_is_found_again(name: str) -> None:
    chain = chains()[name]
    start = {k: f.values for k, f in chain.stored.items()}
    other = {**start, **{k: random(*start[k].shape, seed=1) for k in TRAINED[name]}}
    wanted = (
        chain.delta(other, CHANNELS),
        np.broadcast_to(np.eye(COLUMNS), (GROUPS, COLUMNS, COLUMNS)),
    )
    made = fit(chain, TRAINED[name], start, wanted, CHANNELS)
    assert made is not None
    assert set(made) == set(TRAINED[name])
    assert all(v.shape == start[k].shape and v.dtype == np.float32 for k, v in made.items())
    got = chain.delta({**start, **made}, CHANNELS)
    np.testing.assert_allclose(got, wanted[0], atol=2e-5)


@pytest.mark.parametrize("name", TRAINED)
def test_what_it_cannot_make_is_refused(name: str) -> None:
    chain = chains()[name]
    start = {k: f.values for k, f in chain.stored.items()}
    wanted = random(GROUPS, OUTPUTS, 4, seed=2), random(GROUPS, 4, COLUMNS, seed=3)
    assert fit(chain, TRAINED[name], start, wanted, CHANNELS) is None


def test_factors_for_which_there_is_room_stay_as_they_are() -> None:
    chain = chains()["both"]
    start = {k: f.values for k, f in chain.stored.items()}
    wanted = random(GROUPS, OUTPUTS, 2, seed=2), random(GROUPS, 2, COLUMNS, seed=3)
    made = fit(chain, ("left", "right"), start, wanted, CHANNELS)
    assert made is not None
    np.testing.assert_allclose(made["left"][..., :2], wanted[0] / 2.5, rtol=1e-6)
    np.testing.assert_array_equal(made["right"][:, :2], wanted[1].astype(np.float32))
    np.testing.assert_array_equal(made["right"][:, 2:], start["right"][:, 2:].astype(np.float32))
    assert not made["left"][..., 2:].any()


def test_a_larger_form_of_a_small_change_fits() -> None:
    """As residual starts have it: [B, B0][A; A0] of rank 2 in four columns."""
    chain, left, right = chains()["both"], random(GROUPS, OUTPUTS, 2), random(GROUPS, 2, COLUMNS)
    start = {k: f.values for k, f in chain.stored.items()}
    wanted = np.concatenate([left, left], axis=2), np.concatenate([right, right], axis=1)
    made = fit(chain, ("left", "right"), start, wanted, CHANNELS)
    assert made is not None
    got = chain.delta({**start, **made}, CHANNELS)
    np.testing.assert_allclose(got, 2 * left @ right, atol=2e-5)


def test_no_change_leaves_what_can_learn() -> None:
    chain = chains()["both"]
    start = {k: f.values for k, f in chain.stored.items()}
    nothing = np.zeros((GROUPS, OUTPUTS, 2)), np.zeros((GROUPS, 2, COLUMNS))
    made = fit(chain, ("left", "right"), start, nothing, CHANNELS)
    assert made is not None
    assert not made["left"].any()
    np.testing.assert_array_equal(made["right"], start["right"].astype(np.float32))


def test_entries_and_rows_are_no_factors() -> None:
    wanted = random(1, 2, 1), random(1, 1, 2)
    entries = Chain(entries=Entries(np.array([0]), np.zeros(1)))
    assert fit(entries, ("entries",), {"entries": np.zeros(1)}, wanted, 2) is None
    rows = Chain(rows=Factor(np.ones((1, 2, 1))))
    assert fit(rows, ("rows",), {"rows": np.ones((1, 2, 1))}, wanted, 2) is None
