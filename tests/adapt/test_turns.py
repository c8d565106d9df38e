"""Layers that take turns: which learn, that the others stay, and what a step leaves out."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import pytest

from odl.adapt.ask import read
from odl.adapt.choose import choose as chosen
from odl.adapt.generator import choose, integers
from odl.compile import Compiled
from odl.ops.reference import evaluator
from odl.plan.interpret import first_states, interpret
from odl.train.options import TrainOptions
from tests.adapt.layers import canonical
from tests.adapt.test_memory import DEPTH, stack
from tests.train.steps import Array, Seen, compiled, states_after, train

LISA = "lisa:layers=2,period=2,seed=7"
OPTIONS = [
    TrainOptions(LISA, optimizer="sgd:lr=0.1"),
    TrainOptions(LISA, optimizer="sgd:lr=0.1,momentum=0.9", layerwise=True),
    TrainOptions(LISA, optimizer="adam:lr=0.01,clip=1"),
    TrainOptions(LISA, optimizer="adam:lr=0.01", accumulate=2),
]


@cache
def made(options: TrainOptions, dtype: str = "fp32") -> Compiled:
    return compiled(options, stack(), dtype=dtype)


def samples(count: int) -> list[Seen]:
    rng = np.random.default_rng(0)
    shape = (1, 16, 6, 6)
    return [
        {"x": rng.normal(size=shape).astype(np.float32), "label": np.array([i % 3], np.int32)}
        for i in range(count)
    ]


def turn(updates: int) -> set[int]:
    """The layers that the generator chooses for an update."""
    draw = updates // 2
    return set(choose(int(integers(7, draw + 1)[draw]), 2, DEPTH).tolist())


def changed(before: Seen, after: Seen) -> set[str]:
    return {n for n in after if after[n].tobytes() != np.asarray(before[n]).tobytes()}


def layer_of(name: str) -> int:
    """The layer of a state; the last one, and counters, have no number."""
    digit = name.split("/")[0][1:]
    return int(digit) if digit.isdecimal() else -1


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_only_those_learn_whose_turn_it_is(options: TrainOptions, dtype: str) -> None:
    net, seen_turns = made(options, dtype), set()
    states = first_states(net.program)
    for feed in samples(4 * options.accumulate):
        updates = int(states["odl/updates"])
        after = states_after(net, train(net, [feed], states)[0])
        moved = changed(states, after)
        layers = {layer_of(n) for n in moved} - {-1}
        assert layers == turn(updates)
        if int(after["odl/updates"]) > updates:
            want = {f"{k}{i}" for i in turn(updates) for k in "wb"} | {"wd", "bd"}
            assert {n for n in moved if "/" not in n} == want
        states, seen_turns = after, seen_turns | {frozenset(layers)}
    assert len(seen_turns) == 2


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_graph_means_the_same_without_its_conditions(options: TrainOptions) -> None:
    net, feed = made(options), samples(1)[0]
    seen = train(net, [feed])[0]
    proto = onnx.ModelProto()
    proto.CopyFrom(net.graph)
    names = [v.name for v in proto.graph.output]
    outputs = evaluator(proto).run(None, feed)
    for name, want in zip(names, outputs, strict=True):
        np.testing.assert_allclose(seen[name], want, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_was_left_out_reaches_nobody(options: TrainOptions) -> None:
    """Whatever stands in its place, the state is the same bit for bit."""
    net, feed = made(options), samples(1)[0]
    program = net.program
    plain = interpret(program, feed)
    left_out = {n for n in program.conditions if n not in plain}
    assert len(left_out) > 10

    def spoil(name: str, elements: Array) -> None:
        if name in left_out:
            elements[:] = np.nan if elements.dtype.kind == "f" else 1

    after = states_after(net, interpret(program, feed, spoil))
    assert not changed(states_after(net, plain), after)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_a_bad_step_leaves_the_state_as_it_is(options: TrainOptions, dtype: str) -> None:
    net, (feed,) = made(options, dtype), samples(1)
    feed["x"][0, 3, 2, 2] = np.nan
    first = first_states(net.program)
    after = states_after(net, train(net, [feed])[0])
    assert changed(first, after) == {"odl/skipped", "odl/skipped_in_row"}


def test_the_walk_ends_at_the_first_layer_that_learns() -> None:
    net, feed = made(OPTIONS[0]), samples(1)[0]
    for updates in (0, 2, 4):
        states = {**first_states(net.program), "odl/updates": np.int32(updates)}
        seen, first = interpret(net.program, {**feed, **states}), min(turn(updates))
        done = {c.node for c in net.program.calls
                if c.when is None or seen[c.when.tensor]}  # fmt: skip
        walked = {i for i in range(DEPTH) for c in net.program.calls
                  if c.node in done and c.op == "ai.odl.ReluGrad"
                  and c.args["y"].tensor.startswith(f"r{i}")}  # fmt: skip
        learnt = [c for c in net.program.calls
                  if c.node in done and c.op == "ai.odl.ConvGradWeight"]  # fmt: skip
        assert walked == set(range(first, DEPTH))
        assert len(learnt) == 2


def test_turns_cost_booleans_alone() -> None:
    full = compiled(TrainOptions("full", optimizer="sgd:lr=0.1"), stack()).program
    lisa = made(OPTIONS[0]).program
    assert lisa.state_bytes == full.state_bytes
    assert full.arena_bytes <= lisa.arena_bytes <= full.arena_bytes + 16 * DEPTH
    assert lisa.macs == full.macs


def test_every_layer_has_its_turn_as_often() -> None:
    """Chi-squared with 8 degrees of freedom, of which 26.1 is exceeded once in a thousand."""
    draws, layers, count = 3000, 9, 2
    often = np.zeros(layers)
    for seed in integers(3, draws):
        often[choose(int(seed), count, layers)] += 1
    expected = draws * count / layers
    spread = expected * (1 - count / layers)
    assert ((often - expected) ** 2 / spread).sum() * (layers - 1) / layers < 26.1


def test_turns_are_those_of_the_layers_that_nobody_else_has() -> None:
    graph = canonical(stack()).graph
    (turns,) = chosen(graph, "lisa:layers=2,layers=node*").turns
    assert [str(v.name) for layer in turns.layers for v in layer][:2] == ["w0", "b0"]
    assert len(turns.layers) == DEPTH
    (without,) = chosen(graph, "lisa:layers=1+bias").turns
    assert [[str(v.name) for v in layer] for layer in without.layers] == [
        [f"w{i}"] for i in range(DEPTH)
    ]
    assert chosen(graph, f"lisa:layers={DEPTH}").turns == ()


def test_layers_are_a_number_and_patterns() -> None:
    (part,) = read("lisa:layers=3,period=9,layers=a*,b")
    assert part.spec.settings == {"layers": "3", "period": "9"}
    assert part.patterns == ("a*", "b")
