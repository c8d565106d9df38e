"""Whole training steps: what they learn, what they leave alone, and what no fault may change."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx.reference import ReferenceEvaluator

from odl.demo import MODEL
from odl.errors import UsageError
from odl.frontend.onnx_file import read_onnx
from odl.plan.interpret import first_states
from odl.train.options import TrainOptions
from tests.models import conv_net, runtime
from tests.train.networks import network, sequences
from tests.train.steps import Seen, batches, compiled, states_after, train

WEIGHTS = {"n/weight", "n/bias", "dense_w", "dense_b"}
BAD = [np.nan, np.inf, -np.inf]
OLDER = 23
"""An opset of every ONNX Runtime; what a step is made of has not changed since."""


@pytest.mark.parametrize(
    "options",
    [
        TrainOptions("full", optimizer="sgd:lr=0.05"),
        TrainOptions("full", optimizer="sgd:lr=0.02,momentum=0.9,nesterov"),
        TrainOptions("full", optimizer="adam:lr=0.01"),
        TrainOptions("full", optimizer="adamw:lr=0.01,clip=1"),
        TrainOptions("full", optimizer="sgd:lr=0.1", accumulate=4),
        TrainOptions("full", optimizer="sgd:lr=0.05", layerwise=True),
        TrainOptions("full", "ce:smoothing=0.1", "adam:lr=0.02,schedule=cosine,steps=300"),
        TrainOptions("last:1", optimizer="adam:lr=0.02"),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_losses_fall(options: TrainOptions, dtype: str) -> None:
    made = compiled(options, dtype=dtype)
    losses = [float(seen["loss"]) for seen in train(made, batches(40) * 6)]
    assert np.mean(losses[-40:]) < 0.8 * np.mean(losses[:40])
    assert made.program.plan_ratio < 1.05


@pytest.mark.parametrize(
    ("what", "trained"),
    [
        ("full", WEIGHTS),
        ("bias", {"n/bias", "dense_b"}),
        ("last:1", {"dense_w", "dense_b"}),
        ("last:2", WEIGHTS),
        ("layers=dense*", {"dense_w", "dense_b"}),
        ("layers=*/weight,dense_b", {"n/weight", "dense_b"}),
    ],
)
def test_what_is_trained_changes_and_nothing_else_is_state(what: str, trained: set[str]) -> None:
    made = compiled(what)
    first = first_states(made.program)
    after = states_after(made, train(made, batches(1))[0])
    assert {n for n in first if not n.startswith("odl/")} == trained
    assert all((after[n] != first[n]).any() for n in trained)


def test_norms_alone_are_trained() -> None:
    made = compiled("norm")
    names = [s.tensor for s in made.program.states if not s.tensor.startswith("odl/")]
    assert len(names) == 2
    assert all(made.program.tensor[n].elements == 4 for n in names)


def test_the_backward_walk_ends_at_the_shallowest_weight() -> None:
    ops = [c.op for c in compiled("last:1").program.calls]
    assert "ai.odl.ConvGradWeight" not in ops
    assert "ai.odl.MaxPoolGrad" not in ops


@pytest.mark.parametrize(
    ("train_options", "message"),
    [
        (TrainOptions("half"), "--train half"),
        (TrainOptions("last:0"), "--train last:0"),
        (TrainOptions("layers=nobody"), "chooses none"),
        (TrainOptions("full", "mse"), ""),
        (TrainOptions("full", "msee"), "did you mean mse"),
        (TrainOptions("full", optimizer="adm"), "did you mean adam"),
        (TrainOptions("full", optimizer="sgd:rate=1"), "sgd: rate"),
        (TrainOptions("full", optimizer="sgd:lr=x"), "lr=x"),
        (TrainOptions("full", loss_scale="3"), "--loss-scale 3"),
        (TrainOptions("full", layerwise=True, accumulate=2), "--layerwise"),
        (TrainOptions("full", optimizer="sgd:clip=1", layerwise=True), "--layerwise"),
    ],
    ids=str,
)
def test_options_are_checked(train_options: TrainOptions, message: str) -> None:
    if not message:
        assert compiled(train_options).program.training is not None
        return
    with pytest.raises(UsageError) as error:
        compiled(train_options)
    assert message in str(error.value)


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_a_bad_input_leaves_the_state_as_it_is(value: float, dtype: str) -> None:
    made = compiled(TrainOptions("full", optimizer="adam", loss_scale="8"), dtype=dtype)
    good, bad, again = batches(3)
    bad["image"][0, 1, 3, 4] = value
    first, second, third = train(made, [good, bad, again])
    before, after = (states_after(made, seen) for seen in (first, second))
    changed = {n for n in before if before[n].tobytes() != after[n].tobytes()}
    assert changed == {"odl/skipped", "odl/skipped_in_row"}
    assert int(after["odl/skipped_in_row"]) == 1
    counters = states_after(made, third)
    assert (int(counters["odl/updates"]), int(counters["odl/skipped"])) == (2, 1)
    assert int(counters["odl/skipped_in_row"]) == 0


def test_an_overflow_of_the_gradient_alone_is_seen() -> None:
    made = compiled(TrainOptions("full", loss_scale="16777216"), dtype="fp16")
    first = first_states(made.program)
    seen = train(made, batches(1))[0]
    assert np.isfinite(seen["loss"])
    after = states_after(made, seen)
    assert int(after["odl/skipped"]) == 1
    assert all(after[n].tobytes() == first[n].tobytes() for n in WEIGHTS)


def test_a_scale_that_adapts_halves_and_doubles() -> None:
    made = compiled(TrainOptions("full", loss_scale="dynamic"), dtype="fp16")
    first = first_states(made.program)
    assert float(first["odl/scale"]) == 1024
    good, bad = batches(2)
    bad["image"][:] = np.inf
    after = states_after(made, train(made, [bad])[0])
    assert float(after["odl/scale"]) == 512
    after = states_after(made, train(made, [good], {**first, "odl/steady": np.int32(127)})[0])
    assert (float(after["odl/scale"]), int(after["odl/steady"])) == (2048, 0)
    ends = {**first, "odl/scale": np.float32(1)}
    assert float(states_after(made, train(made, [bad], ends)[0])["odl/scale"]) == 1
    ends = {**first, "odl/scale": np.float32(2**15), "odl/steady": np.int32(127)}
    assert float(states_after(made, train(made, [good], ends)[0])["odl/scale"]) <= 2**15


def test_a_loss_scale_changes_no_update_in_single_precision() -> None:
    plain, scaled = (
        train(compiled(TrainOptions("full", loss_scale=s)), batches(2))[-1] for s in ("1", "256")
    )
    assert all(
        plain[f"{n}/next"].tobytes() == scaled[f"{n}/next"].tobytes() for n in sorted(WEIGHTS)
    )


def test_accumulation_is_the_mean_of_a_batch() -> None:
    feeds = batches(4)
    made = compiled(TrainOptions("full", optimizer="sgd:lr=0.1", accumulate=4))
    steps = train(made, feeds)
    singles = [
        train(compiled(TrainOptions("full", optimizer="sgd:lr=0.1")), [feed])[0] for feed in feeds
    ]
    for name in WEIGHTS:
        first = first_states(made.program)[name]
        assert all((s[f"{name}/next"] == first).all() for s in steps[:3])
        mean = np.mean([s[f"{name}/next"] - first for s in singles], axis=0)
        np.testing.assert_allclose(steps[3][f"{name}/next"] - first, mean, atol=1e-7)


def test_a_bad_sample_is_left_out_of_the_sum() -> None:
    feeds = batches(3)
    bad = {"image": np.full_like(feeds[0]["image"], np.nan), "label": feeds[0]["label"]}
    made = compiled(TrainOptions("full", accumulate=2))
    plain, spoiled = train(made, feeds[:2]), train(made, [feeds[0], bad, feeds[1]])
    for name in WEIGHTS:
        assert plain[-1][f"{name}/next"].tobytes() == spoiled[-1][f"{name}/next"].tobytes()


@pytest.mark.parametrize("layerwise", [False, True])
def test_layers_are_updated_by_the_gradients_of_the_old_weights(layerwise: bool) -> None:
    options = TrainOptions("full", optimizer="sgd:lr=0.1,momentum=0.9", layerwise=layerwise)
    plain = TrainOptions("full", optimizer="sgd:lr=0.1,momentum=0.9")
    one, other = (train(compiled(o), batches(5))[-1] for o in (options, plain))
    for name in WEIGHTS:
        assert one[f"{name}/next"].tobytes() == other[f"{name}/next"].tobytes()


def feed_of(name: str) -> Seen:
    """One sample with its label."""
    if name == "conv_net":
        return batches(1)[0]
    if name == "watch":
        imu = np.random.default_rng(0).normal(size=(1, 6, 64)).astype(np.float32)
        return {"imu": imu, "label": np.array([3], np.int32)}
    x, labels = sequences(name, 1)
    return {"x": x[0], "label": labels}


@pytest.mark.parametrize("name", ["conv_net", "watch", "transformer", "lstm"])
def test_the_step_graph_runs_in_onnx_runtime_and_the_reference(name: str) -> None:
    nets = {"conv_net": conv_net, "watch": lambda: ir.serde.serialize_model(read_onnx(MODEL))}
    net = nets[name]() if name in nets else network(name)
    made = compiled(TrainOptions("full", optimizer="adam:clip=1", accumulate=2), net)
    feed, names = feed_of(name), [v.name for v in made.graph.graph.output]
    seen = train(made, [feed])[0]
    plain = dict(zip(names, ReferenceEvaluator(made.graph).run(None, feed), strict=True))
    older = onnx.ModelProto()
    older.CopyFrom(made.graph)
    for imported in older.opset_import:
        if not imported.domain:
            imported.version = OLDER
    fast = dict(zip(names, runtime(older, feed), strict=True))
    for output in names:
        scale = max(1.0, float(np.abs(plain[output]).max(initial=0)))
        np.testing.assert_allclose(fast[output] / scale, plain[output] / scale, atol=2e-5)
        np.testing.assert_allclose(seen[output] / scale, plain[output] / scale, atol=2e-5)
