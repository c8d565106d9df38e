"""Statistics of BatchNormalization that follow what the device sees."""

from __future__ import annotations

import numpy as np
import pytest

from odl.plan.interpret import first_states
from odl.train.options import TrainOptions
from tests.train.steps import batches, compiled, states_after, train

AXES = (0, 2, 3)


@pytest.mark.parametrize("layerwise", [False, True])
def test_they_move_towards_those_of_the_sample(layerwise: bool) -> None:
    made = compiled(TrainOptions("full", statistics=0.75, layerwise=layerwise))
    first = first_states(made.program)
    seen = train(made, batches(1))[0]
    after, x = states_after(made, seen), seen["c"]
    np.testing.assert_allclose(
        after["mean"], 0.75 * first["mean"] + 0.25 * x.mean(AXES), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        after["variance"], 0.75 * first["variance"] + 0.25 * x.var(AXES), rtol=1e-5
    )


def test_the_layer_normalises_by_those_that_it_had() -> None:
    made = compiled(TrainOptions("full", statistics=0.5))
    first, second = train(made, batches(2))
    states = states_after(made, first)
    factor = states["scale"] / np.sqrt(states["variance"] + np.float32(1e-3))
    want = (second["c"] - states["mean"].reshape(-1, 1, 1)) * factor.reshape(-1, 1, 1)
    want += states["beta"].reshape(-1, 1, 1)
    np.testing.assert_allclose(second["n"], want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_a_bad_sample_leaves_them_alone(dtype: str) -> None:
    made = compiled(TrainOptions("norm", statistics=0.5, loss_scale="8"), dtype=dtype)
    feed = batches(1)[0]
    feed["image"][0, 0, 0, 0] = np.nan
    first = first_states(made.program)
    after = states_after(made, train(made, [feed])[0])
    assert {"mean", "variance", "scale", "beta"} <= set(first)
    assert all(after[n].tobytes() == first[n].tobytes() for n in ("mean", "variance", "scale"))
    assert int(after["odl/skipped"]) == 1


def test_they_are_frozen_if_not_asked_for() -> None:
    names = [s.tensor for s in compiled("norm").program.states]
    assert not {"mean", "variance"} & set(names)
