"""A layer as adapters see it: matrices that are stored as the operator wants them, and inputs."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.ops import registry
from odl.ops.linear import Linear, Woven
from odl.ops.node import Node, constant_value
from odl.ops.reference import evaluate
from odl.transform.infer_shapes import infer_shapes
from tests.models import Array, graph

IMAGE, LINE = "float[2,4,6,7] x", "float[1,4,9] x"
CASES = {
    "conv": (IMAGE, "Conv <strides = [2, 1], pads = [1, 0, 2, 1]> (x, w)", (6, 4, 3, 2)),
    "dilated": (LINE, 'Conv <dilations = [2], auto_pad = "SAME_UPPER"> (x, w)', (4, 4, 3)),
    "groups": ("float[1,6,5,5] x", "Conv <group = 3> (x, w)", (6, 2, 2, 2)),
    "gemm": ("float[3,5] x", "Gemm <transB = 1> (x, w)", (4, 5)),
    "turned": ("float[3,5] x", "Gemm (x, w)", (5, 4)),
    "matmul": ("float[2,3,5] x", "MatMul (x, w)", (5, 4)),
}


def made(case: str) -> tuple[ir.Node, Linear | None, Array]:
    x, call, shape = CASES[case]
    net = graph(f"net ({x}) => (float[unk__0] y) {{ y = {call} }}")
    net.graph.outputs[0].shape = None
    weights = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    value = ir.Value(name="w", const_value=ir.tensor(weights, name="w"))
    value.shape, value.type = ir.Shape(shape), ir.TensorType(ir.DataType.FLOAT)
    net.graph.register_initializer(value)
    node = net.graph[0]
    node.replace_input_with(1, value)
    infer_shapes(net)
    return node, registry()[Node(node).op].linear(Node(node), 1), weights.astype(np.float64)


@pytest.mark.parametrize("case", CASES)
def test_the_matrix_times_what_is_seen_is_the_output(case: str) -> None:
    node, linear, weights = made(case)
    assert isinstance(linear, Woven)
    shape = Node(node).shape()
    x = np.random.default_rng(1).normal(size=shape)
    (want,) = evaluate(Node(node), [x, weights])
    matrix = linear.matrix(weights)
    assert matrix.shape == (linear.groups, linear.outputs, linear.columns)
    assert (linear.array(matrix) == weights).all()
    got = matrix @ linear.seen(x)
    axis = 1 if case in ("conv", "dilated", "groups") else -1
    np.testing.assert_allclose(got.ravel(), np.moveaxis(want, axis, 0).ravel(), atol=1e-12)


@pytest.mark.parametrize(
    "call",
    ["Gemm <transA = 1> (x, w)", "Gemm <alpha = 0.5> (x, w)"],
)
def test_what_is_no_plain_product_is_left_alone(call: str) -> None:
    net = graph(f"net (float[5,5] x, float[5,5] w) => (float[5,5] y) {{ y = {call} }}")
    node = Node(net.graph[0])
    assert registry()["Gemm"].linear(node, 1) is None
    assert registry()["Gemm"].linear(node, 0) is None
    assert constant_value(node.values[1]) is None
