"""LREC: what its factors take of the error that integers make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from odl.adapt.calibrate import calibrated
from odl.adapt.chain import Chain
from odl.adapt.choose import choose
from odl.adapt.method import Given
from odl.adapt.methods.lrec import Lrec, nearest, roots
from odl.adapt.record import read_records
from odl.spec import Spec
from odl.train.options import TrainOptions
from tests.adapt.layers import canonical, net
from tests.models import Array, conv_net
from tests.train.steps import compiled

RANKS = range(1, 9)


def given(seed: int, **settings: str) -> Given:
    rng = np.random.default_rng(seed)
    weight, mixed = rng.normal(size=(2, 8, 12)), rng.normal(size=(2, 12, 12))
    spread = mixed * rng.uniform(0.1, 2, (2, 1, 12))
    return Given(
        "w", weight, 12, Spec("--train", "lrec", settings), 4, spread @ np.swapaxes(spread, 1, 2)
    )


def left_over(g: Given, chain: Chain) -> Array:
    """W0 - Wq - L R."""
    assert chain.codes is not None
    start = chain.start(half=False)
    return g.weight - chain.weight(np.zeros(0), start, g.channels)


def energy(error: Array, moments: Array) -> float:
    return float(np.einsum("goi,gij,goj->", error, moments, error))


@pytest.mark.parametrize("bits", ["2", "4", "8"])
@pytest.mark.parametrize("alpha", ["1", "8"])
def test_more_rank_leaves_less_of_the_error_as_the_outputs_have_it(bits: str, alpha: str) -> None:
    g = given(0, bits=bits, r="4", alpha=alpha)
    assert g.covariance is not None
    chains = [Lrec().declare(replace(g, rank=r)) for r in RANKS]
    (codes,) = {c.codes.values.tobytes() for c in chains if c.codes is not None}
    integers = chains[0].codes
    assert integers is not None
    assert len(codes) == integers.values.size
    plain = energy(g.weight - integers.values * integers.steps.values, g.covariance)
    errors = [energy(left_over(g, c), g.covariance) for c in chains]
    assert plain > errors[0]
    assert all(np.diff(errors) < 0)
    assert errors[-1] < 1e-9 * plain


def test_no_other_change_of_that_rank_leaves_less() -> None:
    """Neither the plain decomposition nor neighbours of the one that is found."""
    g, rng = given(1, bits="4"), np.random.default_rng(1)
    assert g.covariance is not None
    chain = Lrec().declare(replace(g, rank=2))
    best = energy(left_over(g, chain), g.covariance)
    same = replace(g, rank=2, covariance=np.broadcast_to(np.eye(12), (2, 12, 12)))
    blind = Lrec().declare(same)
    assert energy(left_over(g, blind), g.covariance) > 1.05 * best
    assert (left_over(g, blind) ** 2).sum() < (left_over(g, chain) ** 2).sum()
    start = chain.start(half=False)
    for _ in range(20):
        near = {k: v + rng.normal(0, 1e-2, v.shape) for k, v in start.items() if k != "steps"}
        moved = g.weight - chain.weight(np.zeros(0), {**start, **near}, 12)
        assert energy(moved, g.covariance) > best


def test_two_bits_are_three_numbers_stored_in_four_bits() -> None:
    chain = Lrec().declare(replace(given(2, bits="2"), rank=2))
    assert chain.codes is not None
    assert set(np.unique(chain.codes.values)) == {-1, 0, 1}
    assert chain.codes.packed(chain.codes.values[0]).dtype.name == "int4"


def test_the_step_is_the_best_of_those_tried_and_rows_of_zeros_stay() -> None:
    weight = given(3).weight
    weight[0, 0] = 0
    for most in (1, 7):
        codes, step = nearest(weight, most)
        top = np.abs(weight).max(axis=2, keepdims=True)
        whole = np.where(top == 0, 1.0, top / most)
        coarse = weight - np.clip(np.rint(weight / whole), -most, most) * whole
        errors = ((weight - codes * step) ** 2).sum(axis=2)
        assert (errors <= (coarse**2).sum(axis=2) * (1 + 1e-3)).all()
        assert not codes[0, 0].any()
        assert np.abs(codes).max() == most


def test_roots_of_moments_that_lack_directions() -> None:
    few = np.random.default_rng(4).normal(size=(1, 5, 2))
    root, inverse = roots(few @ few.swapaxes(1, 2))
    np.testing.assert_allclose(root @ inverse, np.eye(5)[None], atol=1e-6)
    assert all(np.isfinite(m).all() for m in roots(np.zeros((1, 3, 3))))


def test_samples_are_used_where_there_are_some() -> None:
    graph = canonical(net("gemm")).graph
    plan = choose(graph, "lrec:r=2,layers=*")
    assert calibrated(graph, plan.layers, None) == plan.layers
    (layer,) = calibrated(
        graph, plan.layers, {"x": np.random.default_rng(0).normal(size=(8, 2, 9))}
    )
    (blind,) = plan.layers
    assert blind.chain.right is not None
    assert layer.given.covariance is not None
    assert blind.given.covariance is not None
    assert not np.allclose(layer.given.covariance, blind.given.covariance)
    errors = [
        energy(left_over(layer.given, y.chain), layer.given.covariance) for y in (layer, blind)
    ]
    assert errors[0] < errors[1]


def test_the_base_takes_a_byte_or_half_of_one_in_flash() -> None:
    plain, small = (compiled(t, conv_net()) for t in ("lora:r=1,layers=*", "lrec:r=1,layers=*"))
    (first, second) = read_records(small.stages["adapted"])
    assert {first.bits, second.bits} == {4}
    assert small.program.constant_bytes < plain.program.constant_bytes
    eva = TrainOptions("eva:r=1+lrec:r=1,layers=dense*")
    assert compiled(eva, samples={"image": np.ones((2, 2, 8, 8), np.float32)}).program.states
