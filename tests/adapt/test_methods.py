"""Every method, from its declaration alone: what METHODS calls the eight checks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
import pytest

from odl.adapt.chain import Codes
from odl.adapt.choose import Layer
from odl.adapt.record import read_records
from odl.ops.node import Node, constant_value
from odl.ops.operator import gamma
from odl.ops.reference import evaluate
from odl.ops.weave import Weaver
from odl.train.differentiate import differentiate
from odl.train.options import TrainOptions
from odl.transform.infer_shapes import infer_shapes
from odl.transform.remove_dead import remove_dead
from odl.transform.to_half import to_half
from tests.adapt.layers import KINDS, LINEAR, Adapted, adapted, adapters, asked
from tests.models import conv_net
from tests.train.gradients import run
from tests.train.steps import batches, compiled, states_after, train

Array = npt.NDArray[Any]
Feeds = dict[str, Array]

METHODS = list(adapters())
CASES = [(m, k) for m in METHODS for k in KINDS]
LINEAR_CASES = [(m, k) for m in METHODS for k in LINEAR]


@cache
def made(method: str, kind: str) -> Adapted:
    return adapted(kind, asked(method))


def sample(a: Adapted, seed: int = 3) -> Feeds:
    shape = tuple(int(d) for d in a.model.graph.inputs[0].shape or ())  # type: ignore[arg-type]
    return {"x": np.random.default_rng(seed).normal(size=shape)}


def moved(a: Adapted) -> Feeds:
    """Other values for all that is trained: zeros would hide what multiplies them."""
    rng = np.random.default_rng(4)
    found = {}
    for v in a.trained:
        assert v.const_value is not None
        first = v.const_value.numpy().astype(np.float64)
        found[str(v.name)] = first + rng.normal(0, 0.3, first.shape)
    return found


def values_of(a: Adapted, layer: Layer, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """The layer's factors as matrices, from how they are stored."""
    record = next(r for r in a.records if r.weight == layer.given.name)
    found, linear = {}, layer.linear
    for role, name in record.factors.items():
        stored = np.asarray(feeds.get(name, a.constants.get(name)), np.float64)
        if role in ("rows", "steps"):
            found[role] = stored.reshape(linear.groups, linear.outputs, 1)
        else:
            found[role] = stored if role == "entries" else linear.matrix(stored)
    return found


def dense(a: Adapted, layer: Layer, feeds: Mapping[str, Array]) -> Array:
    """The oracle's weight, as matrices."""
    base = layer.linear.matrix(a.constants[layer.given.name].astype(np.float64))
    return layer.chain.weight(base, values_of(a, layer, feeds), layer.linear.channels)


def plain_feeds(a: Adapted, feeds: Feeds) -> Feeds:
    """For the graph without the method: the oracle's weights, and biases that are trained."""
    found = {y.given.name: y.linear.array(dense(a, y, feeds)) for y in a.layers}
    known = {str(v.name) for v in a.plain.graph.initializers.values()}
    return {k: v for k, v in feeds.items() if k in known or k == "x"} | found


@pytest.mark.parametrize(("method", "kind"), CASES)
@pytest.mark.parametrize("half", [False, True])
def test_a_layer_starts_as_it_was(method: str, kind: str, half: bool) -> None:
    a = adapted(kind, asked(method), half)
    u = 2.0**-11 if half else 2.0**-24
    for layer, record in zip(a.layers, a.records, strict=True):
        as_half = (v.astype(np.float16) if half and v.dtype == np.float32 else v
                   for v in a.constants.values())  # fmt: skip
        start = layer.linear.array(
            record.weight_now(layer.linear, dict(zip(a.constants, as_half, strict=True)))
        )
        w0 = layer.linear.array(layer.given.weight)
        base = np.abs(a.constants[layer.given.name].astype(np.float64))
        bound = u * base + 2.0**-23 * np.abs(w0) + 2.0**-25 * half
        if isinstance(layer.chain.codes, Codes) and layer.chain.left is not None:
            integers = layer.chain.codes.values * layer.chain.codes.steps.values
            error = weighted(layer, layer.given.weight - integers)
            assert weighted(layer, layer.linear.matrix(start) - layer.given.weight) < error
            continue
        if isinstance(layer.chain.codes, Codes):
            step = layer.chain.codes.steps.values / 2 * (1 + 2.0**-9)
            bound = layer.linear.array(np.broadcast_to(step, layer.given.weight.shape) + 1e-6)
        assert (np.abs(start - w0) <= bound).all()


def weighted(layer: Layer, error: Array) -> float:
    """Its energy in the layer's outputs: tr E C E^T, with C what the inputs are."""
    moments = layer.given.covariance
    assert moments is not None
    return float(np.einsum("goi,gij,goj->", error, moments, error))


def differentiated(a: Adapted) -> tuple[ir.Graph, str, dict[str, str], int]:
    """Gradients of sum(y * weights) in a copy; and how many values wait for the backward part."""
    copy = ir.serde.deserialize_model(ir.serde.serialize_model(a.model))
    graph = copy.graph
    by_name = ir.convenience.create_value_mapping(graph)
    wanted = [by_name[str(v.name)] for v in a.trained]
    w, y = Weaver("judge", "judge", None), graph.outputs[0]
    shape = tuple(int(d) for d in y.shape or ())  # type: ignore[arg-type]
    weights = np.random.default_rng(6).integers(8, 25, shape) / 16
    total = (w.given(y) * w.array(weights.astype(np.float32))).sum(range(len(shape)))
    one = w.number(1.0)
    w.finish(graph)
    total.value.shape, total.value.type = ir.Shape(()), ir.TensorType(ir.DataType.FLOAT)
    graph.outputs[:] = [total.value]
    infer_shapes(copy)
    forward = set(graph)
    slopes = differentiate(graph, total.value, one.value, wanted)
    assert None not in slopes
    graph.outputs.extend(s for s in slopes if s is not None)
    remove_dead(copy)
    late = {v for n in graph if n not in forward for v in n.inputs if v is not None}
    kept = sum(
        int(np.prod([int(d) for d in v.shape or ()]))  # type: ignore[arg-type]
        for v in late
        if v.producer() in forward and v is not total.value
    )
    found = {str(v.name): str(s.name) for v, s in zip(wanted, slopes, strict=True) if s is not None}
    return graph, str(total.value.name), found, kept


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_gradients_are_those_of_finite_differences_and_of_the_oracle(
    method: str, kind: str
) -> None:
    a = made(method, kind)
    graph, loss, slopes, _ = differentiated(a)
    feeds = {**sample(a), **moved(a)}
    seen, rng = run(graph, feeds), np.random.default_rng(7)
    for name, slope in slopes.items():
        way = rng.normal(size=feeds[name].shape)
        ends = [
            float(run(graph, {**feeds, name: feeds[name] + s * 1e-5 * way})[loss]) for s in (1, -1)
        ]
        want, got = (ends[0] - ends[1]) / 2e-5, float((seen[slope] * way).sum())
        assert abs(got - want) < 1e-6 * max(1.0, abs(want), np.abs(seen[slope]).max())
    moved_by = {**feeds}
    for name in slopes:
        moved_by[name] = feeds[name] + 1e-5 * rng.normal(size=feeds[name].shape)
    differences = [float(run(graph, f)[loss]) for f in (feeds, moved_by)]
    weights = np.random.default_rng(6).integers(8, 25, seen_shape(a)) / 16
    plain = [float((run(a.plain.graph, plain_feeds(a, f))["y"] * weights).sum())
             for f in (feeds, moved_by)]  # fmt: skip
    assert abs(np.diff(differences)[0] - np.diff(plain)[0]) < 1e-11 * max(1.0, abs(plain[0]))


def seen_shape(a: Adapted) -> tuple[int, ...]:
    return tuple(int(d) for d in a.model.graph.outputs[0].shape or ())  # type: ignore[arg-type]


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_the_graph_computes_what_the_oracle_says_and_what_is_merged(method: str, kind: str) -> None:
    a = made(method, kind)
    feeds = {**sample(a), **moved(a)}
    got = run(a.model.graph, feeds)["y"]
    given = plain_feeds(a, feeds)
    np.testing.assert_allclose(got, run(a.plain.graph, given)["y"], atol=1e-12, rtol=1e-12)
    for layer, record in zip(a.layers, a.records, strict=True):
        merged = record.weight_now(layer.linear, {**a.constants, **feeds})
        single = layer.linear.array(merged).astype(np.float32)
        given[layer.given.name] = single.astype(np.float64)
    np.testing.assert_allclose(got, run(a.plain.graph, given)["y"], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_the_change_has_the_declared_rank(method: str, kind: str) -> None:
    a = made(method, kind)
    feeds = moved(a)
    for layer in a.layers:
        bound = layer.chain.rank(layer.given.taps)
        change = dense(a, layer, feeds) - layer.given.weight
        ranks = np.linalg.matrix_rank(change, tol=1e-5)
        assert ranks.min() > 0
        assert bound is None or ranks.max() <= bound


@pytest.mark.parametrize(("method", "kind"), LINEAR_CASES)
def test_what_waits_for_the_backward_part_is_what_is_declared(method: str, kind: str) -> None:
    a = made(method, kind)
    (layer,) = a.layers
    linear, chain, x = layer.linear, layer.chain, sample(a)["x"]
    channels, outputs = linear.groups * linear.channels, linear.groups * linear.outputs
    before, behind = x.size // channels, int(np.prod(seen_shape(a))) // outputs
    of_x = chain.kept(channels, 0) - chain.kept(0, 0)
    others = chain.kept(0, outputs) * (before if chain.implicit else behind)
    assert differentiated(a)[3] == of_x * before + others


@pytest.mark.parametrize(("method", "kind"), LINEAR_CASES)
def test_half_precision_stays_within_its_bound(method: str, kind: str) -> None:
    a = adapted(kind, asked(method), half=True)
    feeds = {**sample(a), **moved(a)}
    exact = run(a.model.graph, feeds)["y"]
    sizes = {k: np.abs(v) for k, v in plain_feeds(a, feeds).items()}
    for layer in a.layers:
        base = np.abs(layer.linear.matrix(a.constants[layer.given.name].astype(np.float64)))
        parts = {k: np.abs(v) for k, v in values_of(a, layer, feeds).items()}
        whole = np.abs(layer.chain.weight(base, parts, layer.linear.channels))
        sizes[layer.given.name] = layer.linear.array(whole)
    for v in a.plain.graph.initializers.values():
        if str(v.name) not in sizes and v.const_value is not None:
            array = v.const_value.numpy()
            sizes[str(v.name)] = np.abs(array) if array.dtype.kind == "f" else array
    sizes["n"] = sizes["x"]
    size = np.abs(run_from(a.plain.graph, sizes)["y"])
    half = ir.serde.deserialize_model(ir.serde.serialize_model(a.model))
    by_name = ir.convenience.create_value_mapping(half.graph)
    to_half(half, masters=[by_name[str(v.name)] for v in a.trained])
    got = in_half(half.graph, feeds)["y"]
    terms = a.layers[0].linear.columns + 8
    bound = 4 * gamma(terms, 2.0**-11) * size + 2.0**-20
    assert (np.abs(got - exact) <= bound).all()
    assert (np.abs(got - exact) > 0).any()


def run_from(graph: ir.Graph, feeds: Feeds) -> Feeds:
    """The layer alone, from its input n on."""
    copy = ir.serde.deserialize_model(ir.serde.serialize_model(ir.Model(graph, ir_version=10)))
    for node in list(copy.graph):
        if node.op_type == "Neg":
            name = str(node.outputs[0].name)
            feeds = {**feeds, name: feeds["x"]}
            copy.graph.remove(node)
    return run(copy.graph, feeds)


def in_half(graph: ir.Graph, feeds: Feeds) -> Feeds:
    """Every value in its own type: halves are rounded behind every node."""
    seen: Feeds = {}
    for v in graph.initializers.values():
        data = constant_value(v)
        seen[str(v.name)] = np.asarray(data)
    seen |= {k: v.astype(np.float32) for k, v in feeds.items()}
    for node in graph:
        inputs = [seen[str(v.name)] for v in node.inputs if v is not None]
        outputs = evaluate(Node(node), inputs)
        seen |= zip((str(v.name) for v in node.outputs), outputs, strict=False)
    return seen


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_steps_change_what_is_declared_and_nothing_else(method: str, dtype: str) -> None:
    feeds = batches(4)
    samples = {"image": np.concatenate([f["image"] for f in feeds])}
    options = TrainOptions(asked(method), optimizer="sgd:lr=0.1")
    net = compiled(options, conv_net(), dtype=dtype, samples=samples)
    program = net.program
    frozen = {t.name: t.data.tobytes() for t in program.tensors if t.data is not None}
    seen = train(net, feeds)
    after = states_after(net, seen[-1])
    assert frozen == {t.name: t.data.tobytes() for t in program.tensors if t.data is not None}
    factors = {n: v for n, v in after.items() if not n.startswith("odl/")}
    for name in factors:
        first = seen[0][name]
        assert (factors[name] != first).any(), name
    measured = sum(v.nbytes for v in after.values())
    planned = sum(program.tensor[s.tensor].nbytes for s in program.states)
    assert measured == planned <= program.state_bytes < measured + 16 * len(program.states)
    records = read_records(net.stages["adapted"])
    learnt = {r.factors[role] for r in records for role in r.trained}
    assert learnt == {n for n in factors if "/" in n and n.split("/")[-2] == method}
    assert set(factors) - learnt <= {"n/bias", "dense_b"}
