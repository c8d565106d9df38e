"""Entries that move: which go and come, with what, and when; by an account in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from odl.adapt.generator import integers, seed_of
from odl.compile import Compiled
from odl.errors import UsageError
from odl.plan.interpret import first_states
from odl.train.options import TrainOptions
from tests.train.steps import Array, Seen, batches, compiled, states_after, train

SIZE, COUNT, EVERY, MOVE = 192, 38, 3, 8
"""Of dense_w, of the entries at a share of 0.2, updates in a round, and so many of 0.2 of them."""
TEXT = f"sparse:share=0.2,every={EVERY},turnover=0.2,layers=dense*"
NAME = "dense_w/sparse"


def made_with(text: str = TEXT, optimizer: str = "sgd:lr=0.05", **options: Any) -> Compiled:
    others = {k: options.pop(k) for k in ("strategy", "accumulate") if k in options}
    return compiled(TrainOptions(text, optimizer=optimizer, **others), **options)


def candidates(number: int) -> Array:
    """Of a round: every sixth weight, from one that is drawn on."""
    apart = SIZE // (4 * MOVE)
    seed = (seed_of("dense_w", 0) + 0x9E3779B9 * number) & 0xFFFFFFFF
    return (integers(seed, 1)[0] % SIZE + np.arange(SIZE // apart) * apart) % SIZE


def gradient(seen: Seen) -> Array:
    """Of the whole weight, flat, from what the head was given and what it answered."""
    probabilities = seen["scores"].ravel().astype(np.float64).copy()
    probabilities[seen["label"][0]] -= 1
    return np.outer(probabilities, seen["f"].ravel().astype(np.float64)).ravel()


def follow(made: Compiled, feeds: list[Seen], until: int = 0) -> tuple[int, list[Seen]]:
    """Train, and compare each step with what is said of it; how many entries have moved."""
    states, moved, steps = first_states(made.program), 0, []
    sums = np.zeros(SIZE // (SIZE // (4 * MOVE)))
    for n, feed in enumerate(feeds):
        (seen,) = train(made, [feed], states)
        after, places = states_after(made, seen), states[f"{NAME}/places"]
        tried = candidates(n // EVERY)
        sums = sums + gradient({**seen, "label": feed["label"]})[tried]
        values = seen[f"{NAME}/entries/before"]
        wanted, new = values.astype(np.float64), places.copy()
        if n % EVERY == EVERY - 1:
            limit = MOVE * (1 - n / until) if until else MOVE
            weak = np.argsort(np.abs(values), kind="stable")[:MOVE]
            free = np.where(np.isin(tried, places), 0, sums)
            best = np.argsort(-np.abs(free), kind="stable")[:MOVE]
            for rank, (i, c) in enumerate(zip(weak, best, strict=True)):
                if free[c] and rank < limit:
                    new[i], wanted[i] = tried[c], 0
                    moved += 1
            sums = np.zeros_like(sums)
        np.testing.assert_array_equal(after[f"{NAME}/places"], new)
        np.testing.assert_array_equal(after[f"{NAME}/entries"], wanted)
        np.testing.assert_allclose(after[f"{NAME}/entries/sums"], sums, atol=1e-5)
        assert len(set(new)) == COUNT
        states, steps = after, [*steps, seen]
    return moved, steps


@pytest.mark.parametrize("optimizer", ["sgd:lr=0.05", "adam:lr=0.01"])
def test_the_least_changed_go_and_the_steepest_come(optimizer: str) -> None:
    moved, _ = follow(made_with(optimizer=optimizer), batches(4 * EVERY + 1))
    assert moved == 4 * MOVE


def test_turnover_falls_to_nothing() -> None:
    text = TEXT.replace(",layers", f",until={2 * EVERY},layers")
    moved, _ = follow(made_with(text), batches(4 * EVERY), 2 * EVERY)
    assert 0 < moved < 2 * MOVE


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_what_goes_gives_its_change_up(dtype: str) -> None:
    """The weight is the base everywhere but where entries are now, bit for bit."""
    made = made_with(dtype=dtype)
    (*_, last) = train(made, batches(4 * EVERY + 1))
    whole = next(c for c in made.program.calls if c.node == "dense").args["b"].tensor
    (base,) = [
        t.data for t in made.program.tensors
        if t.data is not None and t.data.size == SIZE and t.data.dtype.kind == "f"
    ]  # fmt: skip
    now, places = last[whole].ravel(), last[f"{NAME}/places"]
    rest = np.setdiff1d(np.arange(SIZE), places)
    np.testing.assert_array_equal(now[rest], base.ravel()[rest])
    assert (now[places] != base.ravel()[places]).sum() > COUNT / 2
    first = first_states(made.program)[f"{NAME}/places"]
    assert (places != first).sum() > MOVE


@pytest.mark.parametrize(
    ("optimizer", "others", "kept"),
    [
        ("sgd:lr=0.05,momentum=0.9", {}, {"momentum"}),
        ("adam:lr=0.01", {}, {"mean", "variance"}),
        ("sgd:lr=0.05", {"strategy": "lae:decay=0.5"}, {"slow"}),
    ],
)
def test_what_is_kept_of_an_entry_begins_anew(
    optimizer: str, others: dict[str, str], kept: set[str]
) -> None:
    made = made_with(optimizer=optimizer, **others)
    (*_, last) = train(made, batches(2 * EVERY))
    after = states_after(made, last)
    gone = after[f"{NAME}/places"] != last[f"{NAME}/places"]
    assert gone.sum() == MOVE
    for name in ("", *(f"/{k}" for k in kept)):
        values = after[f"{NAME}/entries{name}"]
        assert not values[gone].any()
        assert values[~gone].all()


def test_rounds_are_counted_in_updates() -> None:
    """Of two samples each, the sums being of all."""
    made = made_with(accumulate=2)
    steps = train(made, batches(2 * EVERY * 2))
    changes = [(s[f"{NAME}/places/next"] != s[f"{NAME}/places"]).sum() for s in steps]
    assert [n for n, c in enumerate(changes) if c] == [2 * EVERY - 1, 4 * EVERY - 1]


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
@pytest.mark.parametrize("before", [EVERY - 1, EVERY])
def test_a_bad_sample_moves_nothing(dtype: str, before: int) -> None:
    made = made_with(dtype=dtype)
    states = states_after(made, train(made, batches(before))[-1])
    bad = {**batches(1)[0], "image": np.full((1, 2, 8, 8), np.nan, np.float32)}
    after = states_after(made, train(made, [bad], states)[0])
    changed = {k for k, v in after.items() if v.tobytes() != np.asarray(states[k]).tobytes()}
    assert changed == {"odl/skipped", "odl/skipped_in_row"}


def test_finding_what_moves_is_left_out_of_other_steps() -> None:
    program = made_with().program
    left_out = [call.op for call in program.calls if call.when]
    assert left_out.count("TopK") == 2
    assert left_out.count("ScatterElements") == 3


def test_memory_is_places_and_sums() -> None:
    """Four bytes for each entry and candidate, and no more than two copies of what moves."""
    stay, move = (made_with(t).program for t in ("sparse:share=0.2,layers=dense*", TEXT))
    more = 4 * (COUNT + len(candidates(0)))
    assert more <= move.state_bytes - stay.state_bytes < more + 32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trainables": "sparse:turnover=0.1"}, "--train sparse: entries stay; say every=N"),
        ({"trainables": "sparse:every=0"}, "--train sparse: every=0; a number from 1 to 1e+09"),
        ({"trainables": TEXT, "layerwise": True}, "--layerwise has no gradient left to tell which"),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as error:
        compiled(TrainOptions(**options))
    assert str(error.value).startswith(message)
