"""Single products and one convolution's training step, all operands being inputs."""

from __future__ import annotations

import math
from typing import Any

import onnx
from onnx import TensorProto, helper

from odl.frontend.onnx_file import OPSET

TYPES = {"fp32": TensorProto.FLOAT, "fp16": TensorProto.FLOAT16}

CHANNELS, SIDE, TAPS = 8, 10, 3
"""Of the convolution: 8x10x10 to 8 channels, 3x3, stride 1, no padding."""
OUT = SIDE - TAPS + 1


def product(rows: int, depth: int, columns: int, dtype: str) -> onnx.ModelProto:
    """One MatMul."""
    shapes = {"a": [rows, depth], "b": [depth, columns]}
    node = helper.make_node("MatMul", ["a", "b"], ["y"], "matmul")
    return _model("matmul", [node], shapes, {"y": [rows, columns]}, dtype)


def conv_step(dtype: str) -> onnx.ModelProto:
    """The three phases of a convolution in training, as its gradient rule writes them."""
    image, result = [1, CHANNELS, SIDE, SIDE], [1, CHANNELS, OUT, OUT]
    weights = [CHANNELS, CHANNELS, TAPS, TAPS]
    same: dict[str, Any] = {"kernel_shape": [TAPS, TAPS], "strides": [1, 1], "dilations": [1, 1]}
    same |= {"pads": [0, 0, 0, 0], "group": 1}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], "forward", **same),
        helper.make_node(
            "ConvGradWeight", ["x", "dy"], ["slope"], "weight gradient", domain="ai.odl", **same
        ),
        helper.make_node("Flatten", ["slope"], ["dw"], axis=0),
        helper.make_node("ConvTranspose", ["dy", "w"], ["dx"], "input gradient", **same),
    ]
    inputs = {"x": image, "dy": result, "w": weights}
    outputs = {"y": result, "dw": [1, math.prod(weights)], "dx": image}
    model = _model("conv2d", nodes, inputs, outputs, dtype)
    model.graph.value_info.append(  # ONNX does not infer what it does not know
        helper.make_tensor_value_info("slope", TYPES[dtype], weights)
    )
    return model


def _model(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, list[int]],
    outputs: dict[str, list[int]],
    dtype: str,
) -> onnx.ModelProto:
    def infos(shapes: dict[str, list[int]]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(n, TYPES[dtype], s) for n, s in shapes.items()]

    graph = helper.make_graph(nodes, name, infos(inputs), infos(outputs))
    domains = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.odl", 1)]
    return helper.make_model(graph, ir_version=8, opset_imports=domains)
