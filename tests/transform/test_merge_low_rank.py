"""Adapters go into weights where that is less work: the same results, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import odl.compile
from odl.compile import Compiled, Options, compile_graph
from odl.ops import lookup
from odl.ops.node import Node
from odl.train.options import TrainOptions
from odl.transform.infer_shapes import infer_shapes
from odl.transform.merge_low_rank import merge_low_rank
from tests.models import graph, model, operators, reference
from tests.train.steps import batches, compiled, states_after, train

Array = npt.NDArray[Any]
SIZES = st.integers(1, 7)


def values(made: ir.Model, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    found = {}
    for v in made.graph.inputs:
        assert v.shape is not None
        found[str(v.name)] = rng.normal(size=[int(d) for d in v.shape]).astype(np.float32)  # type: ignore[arg-type]
    return found


def work(made: ir.Model) -> int:
    return sum(lookup(Node(n)).macs(Node(n)) for n in infer_shapes(made).graph)


def merged(text: str) -> ir.Model:
    """The rewritten graph, which is to compute the same and to be no more work."""
    before, after = infer_shapes(graph(text)), merge_low_rank(infer_shapes(graph(text)))
    feeds = values(before)
    for got, want in zip(reference(after, feeds), reference(graph(text), feeds), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    assert work(after) <= work(before)
    return after


def is_merged(made: ir.Model) -> bool:
    return "AddLowRank" in operators(made)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.data())
def test_convolutions_and_gradients_of_their_inputs(data: st.DataObject) -> None:
    out, into, r, kh, kw, stride, pad = (data.draw(SIZES) for _ in range(7))
    stride, pad = 1 + stride % 2, pad % 2
    h, w = kh + data.draw(SIZES), kw + data.draw(SIZES)
    oh, ow = ((n + 2 * pad - k) // stride + 1 for n, k in ((h, kh), (w, kw)))
    rest = [n + 2 * pad - k - stride * (o - 1) for n, k, o in ((h, kh, oh), (w, kw, ow))]
    same = f"strides = [{stride}, {stride}], pads = [{pad}, {pad}, {pad}, {pad}]"
    x, y = f"float[1,{into},{h},{w}]", f"float[1,{out},{oh},{ow}]"
    factors = (
        f"float[{out},{into},{kh},{kw}] w, float[{out},{r},1,1] l, float[{r},{into},{kh},{kw}] r"
    )
    forward = f"""g ({x} x, {factors}, float[{out}] b) => ({y} y) {{
        s = Conv <{same}> (x, w, b) z = Conv <{same}> (x, r)
        u = Conv (z, l) y = Add (u, s) }}"""
    made, columns = merged(forward), into * kh * kw
    assert is_merged(made) == (oh * ow * (out + columns) > out * columns)
    backward = f"""g ({y} dy, {factors}) => ({x} dx) {{
        dz = ConvTranspose (dy, l)
        s = ConvTranspose <{same}, output_padding = {rest}> (dz, r)
        t = ConvTranspose <{same}, output_padding = {rest}> (dy, w) dx = Add (s, t) }}"""
    if max(rest) < stride:
        assert is_merged(merged(backward)) == is_merged(made)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(SIZES, SIZES, SIZES, st.integers(1, 30), st.integers(1, 3))
def test_products(out: int, into: int, r: int, rows: int, turn: int) -> None:
    x, y = f"float[{rows},{into}] x", f"float[{rows},{out}] y"
    pairs = [(into, out), (r, out), (into, r)]
    w, a, b = (f"float[{m},{n}]" if turn != 2 else f"float[{n},{m}]" for m, n in pairs)
    factors = f"{w} w, {a} l, {b} r"
    body = {
        1: "s = Gemm (x, w) z = Gemm (x, r) y = Gemm (z, l, s)",
        2: "s = Gemm <transB = 1> (x, w) z = Gemm <transB = 1> (x, r) "
        "y = Gemm <transB = 1> (z, l, s)",
        3: "s = MatMul (x, w) z = MatMul (x, r) u = MatMul (z, l) y = Add (s, u)",
    }[turn]
    made = merged(f"g ({x}, {factors}) => ({y}) {{ {body} }}")
    assert is_merged(made) == (rows * (into + out) > into * out)


@pytest.mark.parametrize(("rows", "pays"), [(1, False), (2, False), (3, True)])
def test_at_a_draw_the_weight_would_take_memory_for_nothing(rows: int, pays: bool) -> None:
    """16 for each rank to merge, 8 for each row apart."""
    text = f"""g (float[{rows},4] x, float[4,4] w, float[2,4] l, float[4,2] r)
        => (float[{rows},4] y) {{
            s = Gemm (x, w) z = Gemm (x, r) y = Gemm (z, l, s) }}"""
    assert is_merged(merged(text)) == pays


HEAD = "float[9,3] x, float[3,4] w, float[3,2] r, float[2,4] l, float[2,2] m"
FIRST = "s = MatMul (x, w) z = MatMul (x, r)"
CHAINS = {
    f"{FIRST} v = MatMul (z, m) u = MatMul (v, l) y = Add (u, s)": "a core",
    f"{FIRST} c = Constant <value_float = 0.5> () v = Mul (z, c) u = MatMul (v, l) y = Add (u, s)":
        "a scale",
    f"{FIRST} u = MatMul (z, l) t = Add (u, n) y = Add (t, s)": "other terms first",
    f"{FIRST} u = MatMul (z, l) t = Add (s, n) y = Add (u, t)": "other terms last",
}  # fmt: skip
LEFT = {
    f"{FIRST} u = MatMul (z, l) y = Sub (u, s)": "a difference",
    f"{FIRST} u = MatMul (z, l) t = Add (u, s) y = Add (t, s)": "the plain product is read twice",
    f"{FIRST} v = Relu (z) u = MatMul (v, l) y = Add (u, s)": "no product",
    "s = MatMul (n, l2) z = MatMul (x, r) u = MatMul (z, l) y = Add (u, s)": "another operand",
}


@pytest.mark.parametrize("body", [*CHAINS, *LEFT], ids=[*CHAINS.values(), *LEFT.values()])
def test_what_stands_between_and_beside(body: str) -> None:
    more = ", float[9,4] n, float[4,4] l2"
    made = graph(f"g ({HEAD}{more}) => (float[9,4] y) {{ {body} }}")
    made = odl.compile.fold_constants(made)
    want, feeds = reference(made, values(made)), values(made)
    np.testing.assert_allclose(reference(merge_low_rank(made), feeds)[0], want[0], rtol=1e-4)
    assert is_merged(made) == (body in CHAINS)


@pytest.mark.parametrize(
    "body",
    [
        "s = Conv <group = 2> (x, w) z = Conv <group = 2> (x, r) u = Conv <group = 2> (z, l)",
        "s = Conv <pads = [1, 1, 1, 1]> (x, w2) z = Conv (x, r2) u = Conv (z, l2)",
        "s = Conv (x, w2) z = Conv (x, r2, b) u = Conv (z, l2)",
    ],
    ids=["groups", "another window", "a bias within"],
)
def test_convolutions_that_are_left(body: str) -> None:
    text = f"""g (float[1,4,9,9] x, float[4,2,1,1] w, float[2,2,1,1] r, float[4,1,1,1] l,
        float[4,4,1,1] w2, float[2,4,1,1] r2, float[4,2,1,1] l2, float[2] b)
        => (float[1,4,a,b] s, float[1,4,c,d] u) {{ {body} }}"""
    made = infer_shapes(graph(text))
    assert operators(merge_low_rank(made)) == operators(graph(text))


def test_images_with_channels_side_by_side() -> None:
    """Both halves, as operators of our own write them."""
    shapes = {
        "x": (1, 5, 3, 6), "dy": (1, 5, 3, 4), "w": (4, 6, 1, 1), "l": (4, 2, 1, 1),
        "r": (2, 6, 1, 1), "b": (4,), "s": (1, 5, 3, 4), "z": (1, 5, 3, 2), "u": (1, 5, 3, 4),
        "y": (1, 5, 3, 4), "dz": (1, 5, 3, 2), "p": (1, 5, 3, 6), "q": (1, 5, 3, 6),
        "dx": (1, 5, 3, 6),
    }  # fmt: skip
    window = {
        "dilations": [1, 1], "group": 1, "kernel_shape": [1, 1], "pads": [0] * 4, "strides": [1, 1]
    }  # fmt: skip
    rows = {
        "s": ("ConvHWC", "x", "w", "b"), "z": ("ConvHWC", "x", "r", ""), "u": ("ConvHWC", "z", "l", ""),
        "y": ("Add", "u", "s"), "dz": ("ConvHWCGradInput", "dy", "l"),
        "p": ("ConvHWCGradInput", "dz", "r"), "q": ("ConvHWCGradInput", "dy", "w"),
        "dx": ("Add", "p", "q"),
    }  # fmt: skip
    nodes = [
        helper.make_node(op, inputs, [y], domain="ai.odl", **window)  # type: ignore[arg-type]
        if op != "Add"
        else helper.make_node(op, inputs, [y])
        for y, (op, *inputs) in rows.items()
    ]
    infos = {n: helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()}
    given, outputs = [infos[n] for n in ("x", "dy", "w", "l", "r", "b")], [infos["y"], infos["dx"]]
    inner = [infos[n] for n in ("s", "z", "u", "dz", "p", "q")]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.odl", 1)]
    made = ir.serde.deserialize_model(
        helper.make_model(
            helper.make_graph(nodes, "g", given, outputs, value_info=inner), opset_imports=opsets
        )
    )
    feeds = values(made)
    want = reference(made, feeds)
    assert operators(merge_low_rank(made)) == [
        "AddLowRank", "ConvHWC", "AddLowRank", "ConvHWCGradInput",
    ]  # fmt: skip
    for got, expected in zip(reference(made, feeds), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_an_adapter_in_a_model_for_inference_is_part_of_its_weights() -> None:
    rng = np.random.default_rng(0)
    net = model("""g (float[1,8] x) => (float[1,6] y) {
        s = Gemm <transB = 1> (x, w, b) z = Gemm <transB = 1> (x, r)
        u = Gemm <transB = 1> (z, l) y = Add (s, u) }""")
    for name, shape in {"w": (6, 8), "r": (2, 8), "l": (6, 2), "b": (6,)}.items():
        array = rng.normal(size=shape).astype(np.float32)
        net.graph.initializer.append(numpy_helper.from_array(array, name))
    x = rng.normal(size=(1, 8)).astype(np.float32)
    want = reference(net, {"x": x})[0]
    made = compile_graph(ir.serde.deserialize_model(net), "g", Options())
    assert [c.op for c in made.program.calls] == ["Gemm"]
    assert made.program.macs == 48
    np.testing.assert_allclose(reference(made.graph, {"x": x})[0], want, rtol=1e-4)


def apart(monkeypatch: pytest.MonkeyPatch, options: TrainOptions, **more: Any) -> Compiled:
    with monkeypatch.context() as patch:
        step = tuple(p for p in odl.compile.STEP if p is not merge_low_rank)
        patch.setattr(odl.compile, "STEP", step)
        return compiled(options, **more)


METHODS = ("lora:r=1", "lora-fa:r=1", "core:r=1", "pissa:r=1", "olora:r=1", "lora:r=1,alpha=3")


@pytest.mark.parametrize("method", METHODS)
def test_training_goes_the_same_way(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in (TrainOptions(method), TrainOptions(method, layerwise=True)):
        made, other = compiled(options), apart(monkeypatch, options)
        count = [c.op for c in made.program.calls].count("ai.odl.AddLowRank")
        assert count > 0
        assert made.program.macs <= other.program.macs
        feeds = batches(6)
        for got, want in zip(train(made, feeds), train(other, feeds), strict=True):
            after = states_after(other, want)
            for name, value in states_after(made, got).items():
                np.testing.assert_allclose(value, after[name], rtol=1e-3, atol=2e-5, err_msg=name)


def test_half_precision_learns_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    options = TrainOptions("lora:r=1", optimizer="adam:lr=0.01")
    made = compiled(options, dtype="fp16"), apart(monkeypatch, options, dtype="fp16")
    assert "ai.odl.AddLowRank" in {c.op for c in made[0].program.calls}
    losses = [np.reshape([s["loss"] for s in train(m, batches(10) * 12)], (12, 10)) for m in made]
    ours, theirs = (found.mean(axis=1) for found in losses)
    np.testing.assert_allclose(ours, theirs, rtol=2e-2, atol=5e-3)
    assert ours[-1] < 0.5 * ours[0]


def test_what_picks_channels_is_left() -> None:
    for method in ("paca:k=1", "miss:r=1"):
        assert "ai.odl.AddLowRank" not in {c.op for c in compiled(method).program.calls}
