"""ResNet8 and DS-CNN as MLPerf Tiny has them, normalisations folded, with random weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from odl.frontend.onnx_file import OPSET

SEED = 0


class _Network:
    """Nodes in order, each named and with weights of its own; `x` is the latest result."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self.name, self.shape, self.channels = name, shape, shape[0]
        self.x = "x"
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []
        self.rng = np.random.default_rng(SEED)

    def add(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.x = f"{name}/y"
        self.nodes.append(helper.make_node(op, inputs, [self.x], name, **attributes))
        return self.x

    def weight(self, name: str, *shape: int) -> str:
        """Normal with the variance 2 / fan-in (arXiv:1502.01852)."""
        spread = math.sqrt(2 / math.prod(shape[1:]))
        values = self.rng.normal(0, spread, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def bias(self, name: str, size: int) -> str:
        values = self.rng.normal(0, 0.1, size).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def conv(
        self, name: str, channels: int, size: tuple[int, int], stride: int = 1, group: int = 1
    ) -> str:
        w = self.weight(f"{name}/w", channels, self.channels // group, *size)
        b = self.bias(f"{name}/b", channels)
        self.channels = channels
        return self.add(
            "Conv", name, self.x, w, b, auto_pad="SAME_UPPER", strides=[stride, stride],
            group=group, kernel_shape=list(size),
        )  # fmt: skip

    def relu(self, name: str) -> str:
        return self.add("Relu", f"{name}/relu", self.x)

    def classify(self, classes: int) -> onnx.ModelProto:
        """The model: the mean over positions, a dense layer, and Softmax."""
        self.add("Flatten", "flatten", self.add("GlobalAveragePool", "pool", self.x))
        w = self.weight("dense/w", classes, self.channels)
        self.add("Gemm", "dense", self.x, w, self.bias("dense/b", classes), transB=1)
        self.add("Softmax", "softmax", self.x, axis=1)
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, *self.shape])
        y = helper.make_tensor_value_info(self.x, TensorProto.FLOAT, [1, classes])
        graph = helper.make_graph(self.nodes, self.name, [x], [y], self.weights)
        return helper.make_model(
            graph, ir_version=8, opset_imports=[helper.make_opsetid("", OPSET)]
        )


def resnet8() -> onnx.ModelProto:
    """3x32x32 images, three residual stacks of 16, 32 and 64 channels, ten classes."""
    net = _Network("resnet8", (3, 32, 32))
    net.conv("stem", 16, (3, 3))
    net.relu("stem")
    for number, channels in enumerate((16, 32, 64), 1):
        stride, name = 1 if number == 1 else 2, f"stack{number}"
        start, before = net.x, net.channels
        net.conv(f"{name}/conv1", channels, (3, 3), stride)
        net.relu(f"{name}/conv1")
        deep = net.conv(f"{name}/conv2", channels, (3, 3))
        if stride > 1:
            net.x, net.channels = start, before
            start = net.conv(f"{name}/shortcut", channels, (1, 1), stride)
        net.add("Add", f"{name}/add", deep, start)
        net.relu(name)
    return net.classify(10)


def ds_cnn() -> onnx.ModelProto:
    """1x49x10 spectrograms, a convolution, four depthwise separable ones, twelve classes."""
    net = _Network("ds_cnn", (1, 49, 10))
    net.conv("stem", 64, (10, 4), 2)
    net.relu("stem")
    for number in range(1, 5):
        net.conv(f"block{number}/depthwise", 64, (3, 3), group=64)
        net.relu(f"block{number}/depthwise")
        net.conv(f"block{number}/pointwise", 64, (1, 1))
        net.relu(f"block{number}/pointwise")
    return net.classify(12)
