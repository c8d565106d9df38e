"""push_transposes: Transposes move down, cancel, or become an order of constant weights."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from odl.ops import layout, registry
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.transform.infer_shapes import infer_shapes
from odl.transform.lift_constants import lift_constants
from odl.transform.push_transposes import push_transposes
from tests.models import as_bytes, graph, model, operators, reference, samples

IN, OUT = "perm = [0, 3, 1, 2]", "perm = [0, 2, 3, 1]"
POOL = "MaxPool <kernel_shape = [1, 1]>"
"""It needs channels first, so that Transposes stay before it."""
HEAD = "g (float[1,4,5,3] x) => (float[?,?,?,?] y)"


def pushed(net: onnx.ModelProto) -> ir.Model:
    """The graph after the pass, which means the same, keeps its interface and is stable."""
    before = infer_shapes(lift_constants(ir.serde.deserialize_model(net)))
    after = push_transposes(before)
    assert after is before
    inputs = samples(net)
    for got, want in zip(reference(after, inputs), reference(net, inputs), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert [v.name for v in after.graph.outputs] == [v.name for v in net.graph.output]
    infer_shapes(after)
    once = as_bytes(after)
    assert as_bytes(push_transposes(after)) == once
    return after


def between(nodes: str, head: str = HEAD, **constants: np.ndarray) -> onnx.ModelProto:
    """`nodes` from `a`, which is x with channels first, moved back, to `b`, moved again, to y."""
    net = model(
        f"""{head} {{ c = Transpose <{IN}> (x) r = {POOL} (c) a = Transpose <{OUT}> (r)
        {nodes} d = Transpose <{IN}> (b) y = {POOL} (d) }}"""
    )
    for name, array in constants.items():
        net.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    return net


f32 = np.float32
BROADCAST = {
    "scalar": f32(0.5),
    "vector": np.arange(3, dtype=f32),
    "row": np.arange(5, dtype=f32)[:, None],
    "all": np.arange(60, dtype=f32).reshape(1, 4, 5, 3),
}


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ("b = Tanh (a)", {}),
        ("b = LeakyRelu <alpha = 0.1> (a)", {}),
        ("b = Clip (a, low, high)", {"low": f32(-0.5), "high": f32(0.5)}),
        *[("b = Mul (a, k)", {"k": k}) for k in BROADCAST.values()],
        *[("b = Sub (k, a)", {"k": k}) for k in BROADCAST.values()],
        ("t = Tanh (a) b = Add (a, t)", {}),
        *[(f"t = Tanh (a) b = Concat <axis = {axis}> (a, t)", {}) for axis in (0, 1, -1)],
        ("b = Pad (a, p)", {"p": np.array([0, 1, 2, 0, 0, 0, 1, 3])}),
        ("b = Pad (a, p, , axes)", {"p": np.array([1, 2, 3, 0]), "axes": np.array([1, -1])}),
        ("b = ReduceMean <keepdims = 1> (a, k)", {"k": np.array([1, 2])}),
        ("b = Softmax <axis = -1> (a)", {}),
        ("b = Identity (a)", {}),
        ("m = ReduceMean <keepdims = 1> (a, k) b = Mul (a, m)", {"k": np.array([1, 2])}),
    ],
)
def test_what_stands_between_two_that_cancel(nodes: str, constants: dict[str, np.ndarray]) -> None:
    after = pushed(between(nodes, **constants))
    assert operators(after).count("Transpose") == 1
    assert {"b"} <= {v.name for n in after.graph for v in n.outputs}


@pytest.mark.parametrize(
    "nodes",
    [
        "m = ReduceMean <keepdims = 0> (a, k) y = Relu (m)",
        "m = ReduceMean <keepdims = 0> (a, k) n = Tanh (m) y = ArgMax <axis = 1> (n)",
        "m = ReduceMean <keepdims = 1> (a, k) s = Squeeze (m, k) y = Relu (s)",
        "m = ReduceMean <keepdims = 0> (a, k) u = Unsqueeze (m, k) y = Relu (u)",
        "m = ReduceMean <keepdims = 1> (a, k) y = Reshape (m, rows)",
        "m = ReduceMean <keepdims = 1> (a, k) y = Flatten (m)",
    ],
)
def test_nothing_is_left_behind_a_global_mean(nodes: str) -> None:
    net = model(
        f"""g (float[1,4,5,3] x) => (float[?,?] y) <int64[2] k = {{1, 2}}, int64[2] rows = {{1, 3}}>
        {{ c = Transpose <{IN}> (x) r = {POOL} (c) a = Transpose <{OUT}> (r) {nodes} }}"""
    )
    if "ArgMax" in nodes:
        net.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
    del net.graph.output[0].type.tensor_type.shape.dim[:]
    net.graph.output[0].type.tensor_type.ClearField("shape")
    assert operators(pushed(net)).count("Transpose") == 1


RULES = {
    "QuantizeLinear": layout.quantized,
    "DequantizeLinear": layout.quantized,
}


@pytest.mark.parametrize(
    "nodes",
    [
        "q = QuantizeLinear (a, s, z) b = DequantizeLinear (q, s, z)",
        "q = QuantizeLinear <axis = 3> (a, v, n) b = DequantizeLinear <axis = -1> (q, v, n)",
        "q = QuantizeLinear <axis = 2> (a, w, m) b = DequantizeLinear <axis = 2> (q, w, m)",
        "b = Slice (a, two, four, axes)",
        "b = Slice (a, none, most, , steps)",
        "p, q = Split <axis = 2> (a, sizes) c2 = Tanh (p) b = Concat <axis = 2> (q, c2)",
        "b = Tile (a, repeats)",
        "c1 = Cast <to = 9> (a) t = Tanh (a) b = Where (c1, t, v)",
        "b = CumSum (a, last)",
        "b, i = TopK <axis = 2> (a, k)",
        'b = Resize <mode = "linear", axes = [2, 1]> (a, , , ten)',
        'b = Resize <mode = "cubic"> (a, , scales)',
        "b = CenterCropPad <axes = [1, -1]> (a, ten)",
        "b = CenterCropPad (a, whole)",
    ],
)
def test_the_rules_of_operators_that_have_lists_and_scales(
    monkeypatch: pytest.MonkeyPatch, nodes: str
) -> None:
    known = dict(registry())
    for name, rule in RULES.items():
        move = lambda self, node, perm, rule=rule: rule(node, perm)  # noqa: E731
        known[name] = type(name, (Operator,), {"op_types": (name,), "move": move})()
    monkeypatch.setattr("odl.transform.push_transposes.registry", lambda: known)
    i64 = np.int64
    constants = {
        "s": f32(0.02), "z": np.int8(3), "v": np.array([0.01, 0.02, 0.03], f32),
        "n": np.array([1, -2, 3], np.int8), "w": np.arange(1, 6).astype(f32) / 99,
        "m": np.arange(5).astype(np.int8), "two": np.array([1, 0], i64),
        "four": np.array([4, 2], i64), "axes": np.array([2, -1], i64),
        "none": np.array([0, 3, 0, 0], i64), "most": np.array([1, 0, 5, 3], i64),
        "steps": np.array([1, -2, 2, 1], i64), "sizes": np.array([2, 3], i64),
        "repeats": np.array([1, 2, 1, 3], i64), "last": np.array(-1, i64),
        "k": np.array([3], i64), "ten": np.array([7, 6], i64),
        "scales": np.array([1, 1.5, 0.7, 1], f32), "whole": np.array([1, 3, 7, 4], i64),
    }  # fmt: skip
    after = pushed(between(nodes, **constants))
    assert operators(after).count("Transpose") == 1


def test_a_slice_that_names_too_few_axes_stays() -> None:
    """Without a list of axes, an operand of two numbers says nothing of the other two."""
    net = infer_shapes(
        graph(
            f"""{HEAD} <int64[2] from = {{0, 1}}, int64[2] to = {{1, 3}}>
            {{ a = Transpose <{IN}> (x) y = Slice (a, from, to) }}"""
        )
    )
    node = Node(net.graph[1])
    assert layout.listed(node, (0, 3, 1, 2), (1, 2, 4), axes=3) is None


perms = st.permutations(range(4))


@settings(deadline=None, max_examples=40)
@given(perms, st.sampled_from(["Relu (a)", "Concat <axis = 2> (a, a)", "Softmax <axis = 1> (a)"]))
def test_any_permutation_and_its_inverse(perm: list[int], node: str) -> None:
    back = [int(i) for i in np.argsort(perm)]
    net = model(
        f"""g (float[2,3,4,5] x) => (float[?,?,?,?] y)
        {{ a = Transpose <perm = {perm}> (x) b = {node} d = Transpose <perm = {back}> (b)
        y = Sigmoid (d) }}"""
    )
    assert "Transpose" not in operators(pushed(net))


PRODUCTS = {
    "Gemm": "y = Gemm (f, w, v)",
    "Gemm transB": "y = Gemm <transB = 1> (f, wt, v)",
    "MatMul": "y = MatMul (f, w)",
    "behind others": "t = Tanh (f) m = Mul (t, half) y = MatMul (m, w)",
    "quantized weights": "r = DequantizeLinear (q, s) y = Gemm <transB = 1> (f, r, v)",
    "quantized by row": "r = DequantizeLinear <axis = 0> (q, each) y = Gemm <transB = 1> (f, r, v)",
}


@pytest.mark.parametrize("flat", ["f = Reshape (a, rows)", "f = Flatten (a)"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_the_order_of_rows_goes_into_the_weights(flat: str, name: str) -> None:
    net = model(
        f"""g (float[2,3,4,5] x) => (float[2,6] y)
        {{ c = Relu (x) a = Transpose <{OUT}> (c) {flat} {PRODUCTS[name]} }}"""
    )
    rng = np.random.default_rng(0)
    w = rng.normal(0, 0.2, (60, 6)).astype(f32)
    q = rng.integers(-127, 128, (6, 60)).astype(np.int8)
    constants = {"w": w, "wt": w.T.copy(), "v": w[0], "rows": np.array([2, 60]), "q": q,
                 "s": f32(0.01), "each": rng.uniform(0.01, 0.02, 6).astype(f32),
                 "half": f32(0.5)}  # fmt: skip
    for key, array in constants.items():
        net.graph.initializer.append(numpy_helper.from_array(array, key))
    assert "Transpose" not in operators(pushed(net))


@pytest.mark.parametrize(
    "nodes",
    [
        "f = Flatten (a) y = Softmax <axis = 1> (f)",
        "f = Flatten (a) t = Tanh (f) z = Add (t, f) y = MatMul (z, w)",
        "f = Flatten (a) z = Mul (f, each) y = MatMul (z, w)",
        "f = Reshape (a, other) y = Relu (f)",
    ],
)
def test_an_order_that_others_see_stays(nodes: str) -> None:
    net = model(
        f"""g (float[2,3,4,5] x) => (float[?,?] y)
        {{ c = Relu (x) a = Transpose <{OUT}> (c) {nodes} }}"""
    )
    constants = {"w": np.ones((60, 6), f32), "each": np.arange(60, dtype=f32),
                 "other": np.array([4, 30])}  # fmt: skip
    for key, array in constants.items():
        net.graph.initializer.append(numpy_helper.from_array(array, key))
    assert operators(pushed(net)).count("Transpose") == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD} {{ a = Transpose <{OUT}> (x) y = {POOL} (a) }}",
        f"""g (float[1,4,5,3] x) => (float[?,?,?,?] y, float[?,?,?,?] z)
        {{ a = Transpose <{IN}> (x) y = Relu (a) z = Tanh (a) }}""",
        f"""g (float[1,4,5,3] x, float[1,3,4,5] k) => (float[?,?,?,?] y)
        {{ a = Transpose <{IN}> (x) b = Add (a, k) y = Relu (b) }}""",
        f"""g (float[3,4,5,3] x, float[2,3,3,4,5] k) => (float[?,?,?,?,?] y)
        {{ a = Transpose <{IN}> (x) y = Add (a, k) }}""",
        f"{HEAD} {{ a = Transpose <{IN}> (x) y = mine.Relu (a) }}",
    ],
    ids=["a pool", "two outputs", "an operand that is not moved", "more axes", "another domain"],
)
def test_where_it_does_not_help_the_graph_stays(text: str) -> None:
    net = graph(text)
    if "mine" not in text:
        infer_shapes(net)
    else:
        for node in net.graph:
            node.outputs[0].shape = ir.Shape((1, 3, 4, 5))
    before = as_bytes(net)
    assert as_bytes(push_transposes(net)) == before


def test_a_small_operand_is_moved_for_nothing() -> None:
    """[1, 1, 1, 3] as [1, 3, 1, 1] is the same bytes."""
    head = "g (float[1,4,5,3] x, float[1,1,1,3] k) => (float[?,?,?,?] y)"
    after = pushed(between("b = Mul (a, k)", head))
    assert [n.inputs[0].name for n in after.graph if n.op_type == "Transpose"] == ["x", "k"]


def test_a_graph_without_transposes_stays() -> None:
    net = graph("g (float[4] x) => (float[4] y) { y = Relu (x) }")
    before = as_bytes(net)
    assert as_bytes(push_transposes(net)) == before


def test_a_graph_within_the_graph_is_left_alone() -> None:
    text = f"""g (float[1,4,5,3] x, bool c) => (float[?,?,?,?] y)
    {{ a = Transpose <{IN}> (x) r = Relu (a) b = Transpose <{OUT}> (r) y = If (c) <
    then_branch = t () => (float[1,4,5,3] p) {{ p = Tanh (b) }},
    else_branch = e () => (float[1,4,5,3] q) {{ q = Sigmoid (b) }}> }}"""
    net = infer_shapes(graph(text))
    assert operators(push_transposes(net)) == ["Relu", "If"]
    x = np.random.default_rng(0).normal(size=(1, 4, 5, 3)).astype(f32)
    got = reference(net, {"x": x, "c": np.array(True)})[0]
    np.testing.assert_allclose(got, np.tanh(np.maximum(x, 0)), rtol=1e-6)
