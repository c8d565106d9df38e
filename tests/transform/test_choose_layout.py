"""Channels stand side by side where that costs less, and what is computed stays the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from odl.compile import Options, compile_graph
from odl.plan.interpret import interpret
from odl.program import Program
from odl.train.options import TrainOptions
from odl.transform.choose_layout import LAYOUT, choose_layout
from odl.transform.infer_shapes import infer_shapes
from odl.transform.name_all import name_all
from tests.conformance.random_models import Builder
from tests.models import graph, operators, reference

SAME = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
SHAPE = (1, 2, 11, 5)


def network(window: int = 3) -> onnx.ModelProto:
    """A convolution, two depthwise separable ones around a residual, and a classifier."""
    b = Builder(np.random.default_rng(1))
    pad = [window // 2] * 4
    lone = {"group": 8, "kernel_shape": [window] * 2, "pads": pad}
    y = b("Relu", b("Conv", b.input(*SHAPE), b.weight(8, 2, 3, 3), b.weight(8), **SAME))
    start = y
    for _ in range(2):
        y = b("Relu", b("Conv", y, b.weight(8, 1, window, window), b.weight(8), **lone))
        y = b("Conv", y, b.weight(8, 8, 1, 1), b.weight(8), kernel_shape=[1, 1])
    y = b("Relu", b("Add", y, start))
    y = b("Flatten", b("GlobalAveragePool", y))
    return b.model("net", b("Softmax", b("Gemm", y, b.weight(8, 3), b.weight(3)))).model


def program(layout: str, options: Options, net: onnx.ModelProto | None = None) -> Program:
    model = ir.serde.deserialize_model(net or network())
    return compile_graph(model, "net", replace(options, layout=layout)).program


def kernels(made: Program) -> list[str]:
    return [c.kernel.name for c in made.calls]


def test_by_cost_where_the_target_has_kernels_for_it() -> None:
    made = compile_graph(ir.serde.deserialize_model(network()), "net", Options("gap9"))
    assert made.layout == "HWC for 4 of 4 layers"
    called = kernels(made.program)
    assert called.count("conv2d_hwc_depthwise") == 2
    assert called.count("copy") == 1, "of the only border that moves elements"
    assert [c.op for c in made.program.calls].count("ai.odl.ConvHWCAddRelu") == 1
    names = {t.name for t in made.program.tensors}
    assert {"relu2/hwc", "conv5/hwc"} & names
    other = compile_graph(ir.serde.deserialize_model(network()), "net", Options("host"))
    assert other.layout == ""
    assert "conv2d_hwc_depthwise" not in kernels(other.program)


def test_a_region_that_gains_nothing_stays() -> None:
    """Windows of 5 x 5 do not slide, and products alone are as fast either way."""
    made = program("auto", Options("gap9"), network(5))
    assert "conv2d_hwc_depthwise" not in kernels(made)
    text = ("g (float[1,8,5,5] x, float[8,8,1,1] w) => (float[1,8,5,5] y) "
            "{ t = Conv (x, w) r = Relu (t) y = Conv (r, w) }")  # fmt: skip
    net = name_all(infer_shapes(graph(text)))
    assert operators(choose_layout(net, lambda _: 1.0)) == ["Conv", "Relu", "Conv"]
    assert LAYOUT not in net.metadata_props


def test_regions_are_chosen_one_by_one() -> None:
    """The first two layers gain, the one behind MaxPool does not."""
    text = ("g (float[1,8,6,6] x, float[8,1,3,3] w) => (float[1,8,3,3] y) "
            "{ a = Conv <group = 8, pads = [1,1,1,1]> (x, w) b = Relu (a) "
            "c = Conv <group = 8, pads = [1,1,1,1]> (b, w) "
            "d = MaxPool <kernel_shape = [2,2], strides = [2,2]> (c) "
            "y = Conv <group = 8, pads = [1,1,1,1]> (d, w) }")  # fmt: skip
    net = name_all(infer_shapes(graph(text)))
    want_ops = ["Transpose", "ConvHWC", "Relu", "ConvHWC", "Transpose", "MaxPool", "Conv"]
    x = np.random.default_rng(0).normal(size=(1, 8, 6, 6)).astype(np.float32)
    given = {"x": x, "w": np.random.default_rng(1).normal(size=(8, 1, 3, 3)).astype(np.float32)}
    want = reference(graph(text), given)[0]
    cost = {"Conv": 10.0, "ConvHWC": 5.0, "Transpose": 3.0}
    made = choose_layout(net, lambda node: cost[node.op_type])
    assert operators(made) == want_ops
    assert made.metadata_props[LAYOUT] == "HWC for 2 of 3 layers"
    np.testing.assert_allclose(reference(made, given)[0], want, rtol=1e-5, atol=1e-5)


def test_what_is_wanted_is_done() -> None:
    assert "conv2d_hwc_depthwise" in kernels(program("hwc", Options("host")))
    assert "conv2d_hwc_depthwise" not in kernels(program("chw", Options("gap9")))


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_results_are_the_same(dtype: str) -> None:
    x = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    made = [program(layout, Options("host", dtype=dtype)) for layout in ("chw", "hwc")]
    plain, turned = (interpret(p, {"in0": x})[p.outputs[0]] for p in made)
    np.testing.assert_allclose(turned, plain, rtol=1e-5 if dtype == "fp32" else 2e-2)


@pytest.mark.parametrize(
    "method", ["full", "lora:r=2+bias", "affine", "norm+last:1", "full+wta-crs:keep=0.4"]
)
def test_a_training_step_learns_the_same(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """States have the same names, shapes and values, but for the order of sums."""
    monkeypatch.setattr("odl.plan.arena._solve", lambda *_: None)  # it need not be optimal
    options = Options("host", train=TrainOptions(method, optimizer="sgd:lr=0.1"))
    plain, turned = (program(layout, options, normed()) for layout in ("chw", "hwc"))
    assert "conv2d_hwc_depthwise" in kernels(turned)
    assert [s.tensor for s in plain.states] == [s.tensor for s in turned.states]
    assert plain.training is not None
    x = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    given = {"in0": x, plain.training.label: np.array([2])}
    seen = [interpret(p, given) for p in (plain, turned)]
    for a, b in zip(plain.states, turned.states, strict=True):
        np.testing.assert_allclose(
            seen[1][b.successor], seen[0][a.successor], rtol=1e-4, atol=1e-5, err_msg=a.tensor
        )


def normed() -> onnx.ModelProto:
    """The network with a BatchNormalization, whose scale a step may train, between its layers."""
    net = network()
    node = next(n for n in net.graph.node if n.op_type == "Relu" and n.name == "n_relu4")
    values = {"scale": 1.2, "shift": 0.1, "mean": 0.05, "variance": 0.9}
    for name, value in values.items():
        array = np.full(8, value, np.float32) + np.arange(8, dtype=np.float32) / 50
        net.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    norm = onnx.helper.make_node("BatchNormalization", [node.input[0], *values], ["normed"], "norm")
    node.input[0] = "normed"
    at = list(net.graph.node).index(node)
    net.graph.node.insert(at, norm)
    return net
