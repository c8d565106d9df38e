"""What each strategy does, against a plain account of it in NumPy, double precision."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from odl import learn
from odl.adapt.generator import integers
from odl.compile import Compiled
from odl.errors import UsageError
from odl.plan.interpret import first_states, interpret
from odl.train.options import TrainOptions
from tests.train.steps import Seen, batches, compiled, states_after, train

TEXTS = ["replay:size=5,rounds=2", "lae:decay=0.9", "lae:decay=0.9,global", "gda"]
CALIBRATED = "lae:decay=0.9,calibrate=3"


def made_with(strategy: str, what: str = "last:1", dtype: str = "fp32") -> Compiled:
    if strategy.startswith("gda"):
        return compiled(TrainOptions(strategy.replace("gda", "gda-head")), dtype=dtype)
    return compiled(TrainOptions(what, optimizer="sgd:lr=0.05", strategy=strategy), dtype=dtype)


def test_every_strategy_is_described() -> None:
    for name, strategy in learn.registry().items():
        assert strategy.name == name
        assert strategy.does


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
@pytest.mark.parametrize("strategy", TEXTS)
def test_a_bad_sample_changes_no_state_but_counters(strategy: str, dtype: str) -> None:
    made = made_with(strategy, dtype=dtype)
    steps = train(made, batches(6))
    states = states_after(made, steps[-1])
    bad = {**batches(1)[0], "image": np.full((1, 2, 8, 8), np.nan, np.float32)}
    (seen,) = train(made, [bad], states)
    counters = {"odl/skipped", "odl/skipped_in_row", "odl/loss_scale", "replay/turn"}
    for name, after in states_after(made, seen).items():
        if not any(name.startswith(c) for c in counters):
            np.testing.assert_array_equal(after, states[name], err_msg=name)


# --- replay ---


def draw(seed: int, stream: int, at: int, bound: int) -> int:
    """The generator's number, by its own account."""
    return int(integers((seed + 0x9E3779B9 * (stream + at)) & 0xFFFFFFFF, 1)[0] % max(bound, 1))


def test_the_buffer_is_a_reservoir_of_what_the_head_sees() -> None:
    size, rounds = 5, 3
    made = made_with("replay:size=5,rounds=2")
    feeds = [f for f in batches(30) for _ in range(rounds)]
    steps = train(made, feeds)
    latents = [seen["f"].ravel() for seen in steps[::rounds]]
    kept: list[int] = []
    for n in range(30):
        if n < size:
            kept.append(n)
        else:
            slot = draw(0, 2, n, n + 1)
            if slot < size:
                kept[slot] = n
    state = states_after(made, steps[-1])
    assert state["replay/seen"] == 30
    assert state["replay/turn"] == 0
    for slot, n in enumerate(kept):
        scale = np.abs(latents[n]).max() / 127
        np.testing.assert_allclose(state["replay/scales"][slot], scale, rtol=1e-6)
        stored = state["replay/rows"][slot].ravel() * scale
        np.testing.assert_allclose(stored, latents[n], atol=0.51 * scale)
        assert state["replay/labels"][slot] == batches(30)[n]["label"]


def test_rehearsals_learn_from_the_buffer_alone() -> None:
    """Whatever stands in the input meanwhile, be it not even finite."""
    made = made_with("replay:size=5,rounds=2")
    learnt = next(c for c in made.program.calls if c.node == "dense").args["a"].tensor
    real = batches(8)
    bad = {"image": np.full((1, 2, 8, 8), np.nan, np.float32), "label": np.array([2], np.int32)}
    same = train(made, [f for f in real for _ in range(3)])
    other = train(made, itertools.chain.from_iterable((f, bad, bad) for f in real))
    for name, value in states_after(made, same[-1]).items():
        np.testing.assert_array_equal(value, states_after(made, other[-1])[name], err_msg=name)
    for n in range(8):
        for turn in (2, 1):
            seen = other[3 * n + 3 - turn]
            slot = draw(0, 1, (n + 1) * 3 + turn, min(n + 1, 5))
            stored = seen["replay/rows"][slot] * seen["replay/scales"][slot]
            np.testing.assert_allclose(seen[learnt].ravel(), stored.ravel(), rtol=1e-6)


def test_all_samples_are_equally_likely_to_be_kept() -> None:
    """Chi-squared with 9 degrees of freedom: 27.9 is exceeded once in a thousand times."""
    counts = np.zeros(10)
    for seed in range(2000):
        kept = list(range(3))
        for n in range(3, 10):
            slot = draw(seed * 7919, 2, n, n + 1)
            if slot < 3:
                kept[slot] = n
        counts[kept] += 1
    expected = 2000 * 3 / 10
    assert ((counts - expected) ** 2 / expected).sum() < 27.9


def test_a_rehearsal_leaves_the_frozen_front_out() -> None:
    program = made_with("replay:size=5").program
    left_out = {call.op for call in program.calls if call.when}
    assert left_out >= {"ai.odl.ConvRelu", "MaxPool"}
    assert program.training is not None
    assert program.training.rounds == 2


def test_what_learns_from_the_first_layer_on_rehearses_inputs() -> None:
    made = made_with("replay:size=5", "full")
    steps = train(made, [f for f in batches(6) for _ in range(2)])
    rows = states_after(made, steps[-1])["replay/rows"]
    assert rows.shape == (5, 1, 2, 8, 8)
    assert (np.abs(rows.reshape(5, -1)).max(axis=1) == 127).all()


def test_replay_costs_what_its_buffer_costs() -> None:
    """8 bits for each value, 4 bytes for a scale and a label, and two counters."""
    sizes = [made_with(f"replay:size={n}").program.state_bytes for n in (10, 20)]
    assert sizes[1] - sizes[0] == 10 * (64 + 4 + 4)


# --- LAE ---


@pytest.mark.parametrize(("decay", "follows"), [(0, True), (1, False), (0.9, None)])
def test_the_slow_copy(decay: float, follows: bool | None) -> None:
    made = made_with(f"lae:decay={decay},global")
    steps = train(made, batches(20))
    slow = first_states(made.program)["dense_w"].astype(np.float64)
    start = slow.copy()
    for seen in steps:
        slow += (1 - decay) * (seen["dense_w/next"] - slow)
    got = states_after(made, steps[-1])
    np.testing.assert_allclose(got["dense_w/slow"], slow, rtol=1e-5, atol=1e-7)
    if follows is not None:
        want = got["dense_w"] if follows else start
        np.testing.assert_allclose(got["dense_w/slow"], want, rtol=1e-6)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def test_the_surer_copy_predicts() -> None:
    made = made_with("lae:decay=0.99,global")
    last = train(made, batches(30))[-1]
    fast, slow = (
        last["f"].ravel() @ last[f"dense_w{s}"].T + last[f"dense_b{s}"] for s in ("", "/slow")
    )
    want = np.maximum(softmax(fast), softmax(slow))
    np.testing.assert_allclose(last[made.program.outputs[0]].ravel(), want, rtol=1e-4)


def test_classes_that_the_task_does_not_have_are_not_unlearnt() -> None:
    made = made_with("lae")
    feeds = [f for f in batches(40) if f["label"][0] != 2]
    seen = train(made, feeds)[-1]
    assert seen["lae/classes/next"].tolist() == [[1, 1, 0]]
    before = first_states(made.program)
    np.testing.assert_array_equal(seen["dense_w/next"][2], before["dense_w"][2])
    assert made.program.training is not None
    assert made.program.training.per_task == ("lae/classes",)


@pytest.mark.parametrize("what", ["full", "lora:r=2", "bias", "lisa:layers=1,period=1"])
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_the_first_samples_of_a_task_teach_the_last_layer_alone(what: str, dtype: str) -> None:
    """Those that are not finite do not count."""
    made, feeds = made_with(CALIBRATED, what, dtype), batches(5)
    bad = {**feeds[1], "image": np.full((1, 2, 8, 8), np.nan, np.float32)}
    states = {**first_states(made.program), "lae/classes": np.ones((1, 3), np.float32)}
    for n, feed in enumerate([feeds[0], bad, *feeds[1:]]):
        after = states_after(made, train(made, [feed], states)[0])
        changed = {k for k in after if (after[k] != states[k]).any()}
        learns = {k for k in changed if not k.startswith(("odl/", "lae/")) and "slow" not in k}
        assert any(k.startswith("dense") for k in learns) == (n != 1)
        assert any(not k.startswith("dense") for k in learns) == (n >= 4)
        states = after
    assert states["lae/learnt"] == 3
    assert made.program.training is not None
    assert made.program.training.per_task == ("lae/classes", "lae/learnt")


def test_calibration_leaves_the_backward_walk_out() -> None:
    made, (feed,) = made_with(CALIBRATED, "full"), batches(1)
    start, done = first_states(made.program), []
    for learnt in (0, 3):
        states = {**start, "lae/learnt": np.array(learnt, np.int32)}
        seen = interpret(made.program, {**feed, **states})
        done.append({c.op for c in made.program.calls if c.when is None or seen[c.when.tensor]})
    assert done[1] - done[0] >= {"ai.odl.MaxPoolGrad", "ai.odl.ReluGrad", "ai.odl.ConvGradWeight"}


# --- GDA ---


def analysed(features: np.ndarray, labels: np.ndarray, ridge: float) -> tuple[Seen, np.ndarray]:
    """Means, weights and biases over all samples at once."""
    count = np.array([(labels == c).sum() for c in range(3)], float)
    mean = np.stack([features[labels == c].mean(0) for c in range(3)])
    away = features - mean[labels]
    inverse = np.linalg.inv(away.T @ away + ridge * np.eye(features.shape[1]))
    weight = len(labels) * mean @ inverse
    bias = np.log(count / count.sum()) - (weight * mean).sum(1) / 2
    return {"mean": mean, "weight": weight, "bias": bias}, inverse


@pytest.mark.parametrize("order", [1, -1])
def test_one_pass_is_the_analysis_of_all_samples_in_any_order(order: int) -> None:
    made = made_with("gda:ridge=2")
    steps = train(made, batches(60)[::order])
    features = np.stack([seen["f"].ravel() for seen in steps]).astype(np.float64)
    labels = np.array([f["label"][0] for f in batches(60)[::order]])
    want, inverse = analysed(features, labels, 2)
    got = states_after(made, steps[-1])
    np.testing.assert_allclose(got["gda/inverse"], inverse, rtol=1e-3, atol=1e-4)
    for name, value in want.items():
        error = np.abs(got[f"gda/{name}"].reshape(value.shape) - value).max()
        assert error < 1e-3 * np.abs(value).max(), name


def test_gda_adds_its_scores_to_the_networks() -> None:
    made = made_with("gda:weight=0.5")
    last = train(made, batches(20))[-1]
    own = last["f"].ravel() @ last["gda/weight"].T + last["gda/bias"].ravel()
    got = last[made.program.outputs[0]].ravel()
    np.testing.assert_allclose(got, last["g"].ravel() + 0.5 * own, rtol=1e-4, atol=1e-4)


# --- orders, and what is refused ---


def test_few_shots() -> None:
    labels = np.array([0, 0, 1, 0, 1, 2, 1])
    order = learn.read("fewshot:shots=2,epochs=3").order(labels, None)
    assert order.tolist() == [0, 1, 2, 4, 5] * 3
    shuffled = learn.read("fewshot:shots=1,epochs=2").order(labels, np.random.default_rng(0))
    assert sorted(shuffled.tolist()) == [0, 0, 2, 2, 5, 5]


@pytest.mark.parametrize(
    ("train_", "strategy", "message"),
    [
        ("full", "replai", "--strategy replai; did you mean replay?"),
        ("full", "replay:size=0", "--strategy replay: size=0; a number from 1 to 32768"),
        ("full", "gda", "--strategy gda: it is the head that learns; --train gda-head"),
        ("last:1", "lae:calibrate=2", "--strategy lae: calibrate is for a last layer that"),
        ("gda-head", "replay", "--strategy replay with --train gda-head; one or the other"),
    ],
)
def test_refusals(train_: str, strategy: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        compiled(TrainOptions(train_, strategy=strategy))
    assert str(error.value).startswith(message)
