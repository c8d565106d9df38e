"""Samples of the source that replay keeps: which, as what, and that they stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from odl.compile import Compiled
from odl.errors import ModelError, UsageError
from odl.learn.kept import balanced
from odl.learn.strategies.replay import quantised
from odl.plan.interpret import first_states
from odl.train.options import TrainOptions
from tests.learn.test_strategies import draw
from tests.train.steps import batches, compiled, states_after, train

SIZE, KEPT = 7, 4
SOURCE = {
    "image": np.stack([f["image"] for f in batches(40, seed=9)]),
    "y": np.concatenate([f["label"] for f in batches(40, seed=9)]).astype(np.int64),
}


def made_with(text: str = f"replay:size={SIZE},source={KEPT}", **options: Any) -> Compiled:
    options = {"source": SOURCE, "what": "last:1", **options}
    train_ = TrainOptions(options.pop("what"), optimizer="sgd:lr=0.05", strategy=text)
    return compiled(train_, **options)


def kept_latents(made: Compiled, what: str = "f") -> np.ndarray:
    """What the device itself makes of the chosen samples, before anything has been learnt."""
    chosen = balanced(SOURCE["y"], KEPT, np.random.default_rng(0))
    feeds = [
        {"image": SOURCE["image"][i], "label": SOURCE["y"][i : i + 1].astype(np.int32)}
        for i in chosen
    ]
    start = first_states(made.program)
    return np.stack([train(made, [feed], start)[0][what].ravel() for feed in feeds])


def test_classes_are_kept_alike() -> None:
    labels = np.array([0] * 50 + [1] * 5 + [2] * 2)
    for seed in range(5):
        chosen = balanced(labels, 9, np.random.default_rng(seed))
        assert len(set(chosen)) == 9
        assert np.bincount(labels[chosen]).tolist() == [4, 3, 2]
    others = balanced(labels, 9, np.random.default_rng(6))
    assert chosen.tolist() != others.tolist()


def test_numbers_that_are_no_classes_are_drawn() -> None:
    chosen = balanced(np.linspace(0, 1, 20)[:, None], 8, np.random.default_rng(0))
    assert len(set(chosen)) == 8
    assert chosen.tolist() != list(range(8))


@pytest.mark.parametrize(("dtype", "off"), [("fp32", 1e-6), ("fp16", 2e-3)])
def test_rehearsed_are_the_source_and_the_reservoir(dtype: str, off: float) -> None:
    """Slots below KEPT hold what the source's samples are before the head, to half a step."""
    made = made_with(dtype=dtype)
    learnt = next(c for c in made.program.calls if c.node == "dense").args["a"].tensor
    want = kept_latents(made)
    steps = train(made, [f for f in batches(12) for _ in range(2)])
    of_source = 0
    for n in range(12):
        seen = steps[2 * n + 1]
        slot = draw(0, 1, (n + 1) * 2 + 1, KEPT + min(n + 1, SIZE - KEPT))
        got = seen[learnt].ravel()
        if slot < KEPT:
            of_source += 1
            step = np.abs(want[slot]).max() / 127
            np.testing.assert_allclose(got, want[slot], atol=(0.5 + 1e-3) * step + off)
        else:
            row = seen["replay/rows"][slot - KEPT].ravel() * seen["replay/scales"][slot - KEPT]
            np.testing.assert_allclose(got, row, rtol=max(off, 1e-3))
    assert 0 < of_source < 12


def test_source_is_rehearsed_with_its_own_labels() -> None:
    """Where the stream has but one class, the head still learns the others from the source."""
    made = made_with(f"replay:size={SIZE},source=6,rounds=8")
    one = [{**f, "label": np.array([0], np.int32)} for f in batches(4)]
    steps = train(made, [f for f in one for _ in range(9)])
    chosen = balanced(SOURCE["y"], 6, np.random.default_rng(0))
    for n in range(4):
        for turn in range(8, 0, -1):
            slot = draw(0, 1, (n + 1) * 9 + turn, 6 + min(n + 1, 1))
            seen = steps[9 * n + 9 - turn]
            want = SOURCE["y"][chosen[slot]] if slot < 6 else 0
            scores = seen[made.program.outputs[0]].ravel()
            np.testing.assert_allclose(seen["loss"], -np.log(scores[want]), rtol=1e-3)


def test_the_reservoir_is_what_the_source_leaves() -> None:
    made = made_with()
    steps = train(made, [f for f in batches(20) for _ in range(2)])
    places, kept = SIZE - KEPT, list(range(SIZE - KEPT))
    for n in range(places, 20):
        place = draw(0, 2, n, n + 1)
        if place < places:
            kept[place] = n
    state = states_after(made, steps[-1])
    assert state["replay/labels"].ravel().tolist() == [batches(20)[n]["label"][0] for n in kept]
    assert state["replay/seen"] == 20


def test_the_source_takes_flash_and_no_ram() -> None:
    alone, both = made_with("replay:size=20"), made_with("replay:size=30,source=10")
    assert alone.program.state_bytes == both.program.state_bytes
    more = both.program.constant_bytes - alone.program.constant_bytes
    assert 10 * (64 + 4 + 4) <= more < 10 * (64 + 4 + 4) + 64


def test_what_learns_from_the_first_layer_on_keeps_inputs() -> None:
    made = made_with(what="full")
    rows, scales = quantised(kept_latents(made, "image").astype(np.float32))
    constants = [t.data for t in made.program.tensors if t.data is not None]
    assert any(c.size == rows.size and (c.ravel() == rows.ravel()).all() for c in constants)
    assert (np.abs(rows).max(axis=1) == 127).all()
    assert scales.shape == (KEPT,)


@pytest.mark.parametrize(
    ("kept", "source", "kind", "message"),
    [
        (64, SOURCE, UsageError, "--strategy replay: source=64; a number from 0 to 63"),
        (9, None, UsageError, "--strategy replay: source=9 keeps what the model has learnt from"),
        (41, SOURCE, ModelError, "--source: 40 samples; 41 are to be kept"),
        (9, {"image": SOURCE["image"]}, ModelError, "--source: no array y of labels"),
        (9, {"y": SOURCE["y"]}, ModelError, "--source: no array for input 'image'"),
        (9, {**SOURCE, "y": SOURCE["y"] / 2}, ModelError, "--source: y holds float64 of shape []"),
    ],
)
def test_refusals(kept: int, source: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as error:
        made_with(f"replay:source={kept}", source=source)
    assert str(error.value).startswith(message)
