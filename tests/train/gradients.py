"""Gradients of small graphs, by odl and by finite differences, both in double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.compile import FOR_TRAINING
from odl.ops.node import Node, constant_value, value_dtype
from odl.ops.reference import meaning
from odl.ops.weave import Weaver
from odl.train.differentiate import differentiate
from odl.transform.fold_constants import fold_constants
from odl.transform.lift_constants import lift_constants
from odl.transform.name_all import name_all
from odl.transform.unroll_recurrent import unroll_recurrent
from tests.models import model

Array = npt.NDArray[Any]
Feeds = dict[str, Array]


@dataclass(frozen=True)
class Case:
    """A graph in ONNX's text form, and the values at which it is differentiated."""

    text: str
    low: float = -2.0
    high: float = 2.0
    seed: int = 0
    feeds: Callable[[Feeds], Feeds] = lambda feeds: feeds
    """Changes the random inputs, say to keep them off a kink."""


@dataclass(frozen=True)
class Differentiated:
    """The graph with a loss, sum(y * weights) over its float outputs, and its gradients."""

    graph: ir.Graph
    loss: str
    gradients: dict[str, str]
    """Of each float input, by the names of values; '' where the loss does not depend on it."""
    feeds: Feeds
    weights: Feeds
    """Of each float output in the loss."""


def differentiated(case: Case) -> Differentiated:
    """The canonical graph, differentiated with respect to all its float inputs."""
    net = ir.serde.deserialize_model(model(case.text))
    lift_constants(net)
    name_all(net)
    for step in FOR_TRAINING:
        net = step(net)
    graph, rng = net.graph, np.random.default_rng(case.seed)
    wanted = [v for v in graph.inputs if value_dtype(v).is_float]
    unroll_recurrent(net, wanted)
    feeds = {str(v.name): rng.uniform(case.low, case.high, _shape(v)) for v in wanted}
    for v in graph.inputs:
        if v not in wanted:
            feeds[str(v.name)] = rng.integers(0, 2, _shape(v)).astype(v.dtype.numpy())
    feeds = case.feeds(feeds)
    w = Weaver("judge", "judge", None)
    total, weights = w.number(0.0), {}
    for v in graph.outputs:
        if value_dtype(v).is_float:
            exact = rng.integers(8, 25, _shape(v)) / 16  # also where constants are folded
            weights[str(v.name)] = exact.astype(np.float32)
            weighted = w.given(v) * w.array(weights[str(v.name)])
            total = total + weighted.sum(range(len(_shape(v))))
    loss, seed = total.value, w.number(1.0).value
    w.finish(graph)
    graph.outputs[:] = [loss]
    loss.shape, loss.type = ir.Shape(()), ir.TensorType(ir.DataType.FLOAT)
    fold_constants(net)
    slopes = differentiate(graph, loss, seed, wanted)
    named = zip(wanted, slopes, strict=True)
    found = {str(v.name): str(s.name) if s is not None else "" for v, s in named}
    graph.outputs.extend(s for s in slopes if s is not None)
    for step in (fold_constants, name_all):
        step(net)
    return Differentiated(graph, str(loss.name), found, feeds, weights)


def _shape(value: ir.Value) -> tuple[int, ...]:
    return tuple(int(d) for d in value.shape or ())  # type: ignore[arg-type]


def run(graph: ir.Graph, feeds: Feeds) -> Feeds:
    """Every value of the graph, in double precision."""
    seen: Feeds = {}
    for v in graph.initializers.values():
        data = constant_value(v)
        assert data is not None
        seen[str(v.name)] = data.astype(np.float64) if data.dtype.kind == "f" else data
    seen |= feeds
    _follow([_Step(node) for node in graph], seen)
    return seen


class _Step:
    """A node of a graph in double precision."""

    def __init__(self, node: ir.Node) -> None:
        self.inputs = [str(v.name) for v in node.inputs if v is not None]
        self.outputs = [str(v.name) for v in node.outputs]
        is_float = node.op_type == "Cast" and value_dtype(node.outputs[0]).is_float
        self._meaning = _to_double if is_float else meaning(Node(node))

    def __call__(self, seen: Feeds) -> None:
        outputs = self._meaning([seen[name] for name in self.inputs])
        seen |= zip(self.outputs, outputs, strict=False)


def _to_double(inputs: list[Array]) -> list[Array]:
    return [inputs[0].astype(np.float64)]


def _follow(steps: list[_Step], seen: Feeds) -> None:
    for step in steps:
        step(seen)


def _between(graph: ir.Graph, start: str, end: str) -> list[_Step]:
    """The nodes by which the value `start` has an effect on `end`."""
    steps, moved, needed = [_Step(node) for node in graph], {start}, {end}
    for step in steps:
        if moved & {*step.inputs}:
            moved |= {*step.outputs}
    for step in reversed(steps):
        if needed & {*step.outputs}:
            needed |= {*step.inputs}
    return [s for s in steps if moved & needed & {*s.outputs}]


def by_differences(made: Differentiated, step: float = 1e-5) -> Feeds:
    """Central differences of the loss, element for element."""
    found, seen = {}, run(made.graph, made.feeds)
    for name in made.gradients:
        slope, steps = np.zeros_like(made.feeds[name]), _between(made.graph, name, made.loss)
        for at in np.ndindex(*slope.shape):
            ends = []
            for sign in (1, -1):
                moved = made.feeds[name].copy()
                moved[at] += sign * step
                after = {**seen, name: moved}
                _follow(steps, after)
                ends.append(float(after[made.loss]))
            slope[at] = (ends[0] - ends[1]) / (2 * step)
        found[name] = slope
    return found


def error(case: Case) -> float:
    """Largest distance of a gradient from finite differences, relative to its largest element."""
    made = differentiated(case)
    seen, worst = run(made.graph, made.feeds), 0.0
    for name, want in by_differences(made).items():
        got = seen[made.gradients[name]] if made.gradients[name] else np.zeros_like(want)
        worst = max(worst, float(np.max(np.abs(got - want)) / max(1.0, np.max(np.abs(want)))))
    return worst
