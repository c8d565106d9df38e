"""Operators that are made of others: a row in FOREIGN and a few lines each, and no kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from odl.ops.node import Node


class Builder:
    """Appends nodes that replace one node; names tell where they come from."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.nodes: list[ir.Node] = []
        self.initializers: list[ir.Value] = []
        self._prefix = str(node.ir.outputs[0].name or node.name)

    def __call__(self, op: str, *inputs: ir.Value | None, **attributes: object) -> ir.Value:
        """The (first) output of a new node."""
        domain, _, kind = op.rpartition(".")
        suffix = f"{kind.lower()}{len(self.nodes)}"
        node = ir.node(
            kind,
            inputs,
            attributes=attributes,  # type: ignore[arg-type]
            domain=domain,
            name=f"{self.node.name}/{suffix}",
        )
        node.outputs[0].name = f"{self._prefix}/{suffix}"
        self.nodes.append(node)
        return node.outputs[0]

    def constant(self, name: str, array: np.ndarray) -> ir.Value:
        full = f"{self._prefix}/{name}"
        value = ir.Value(name=full, const_value=ir.tensor(array, name=full))
        value.shape, value.type = ir.Shape(array.shape), ir.TensorType(value.const_value.dtype)  # type: ignore[union-attr]
        self.initializers.append(value)
        return value


Rewrite = Callable[[Builder, Node], Sequence[ir.Value]]


def _inputs(node: Node) -> list[ir.Value]:
    return [v for v in node.ir.inputs if v is not None]


def _spatial(node: Node) -> tuple[int, ...]:
    if len(node.shape()) < 3:
        raise node.refuse(f"an input of rank {len(node.shape())}", "it needs spatial dimensions")
    return node.shape()[2:]


def global_average_pool(b: Builder, node: Node) -> Sequence[ir.Value]:
    axes = b.constant("axes", np.arange(2, 2 + len(_spatial(node)), dtype=np.int64))
    return [b("ReduceMean", _inputs(node)[0], axes, keepdims=1)]


def global_max_pool(b: Builder, node: Node) -> Sequence[ir.Value]:
    return [b("MaxPool", _inputs(node)[0], kernel_shape=list(_spatial(node)))]


def batch_normalization(b: Builder, node: Node) -> Sequence[ir.Value]:
    """y = x * s + (bias - mean * s), s = scale / sqrt(variance + epsilon)."""
    x, scale, bias, mean, variance = _inputs(node)
    outputs: list[ir.Value] = []
    if node.attr("training_mode", 0):
        momentum = node.attr("momentum", 0.9)
        keep = b.constant("momentum", np.array([momentum], np.float32))
        blend = b.constant("one_minus_momentum", np.array([1 - momentum], np.float32))
        axes = b.constant("axes", np.array([0, *range(2, len(node.shape()))], np.int64))
        column = b.constant("column", np.array([-1] + [1] * (len(node.shape()) - 2), np.int64))
        batch_mean = b("ReduceMean", x, axes, keepdims=0)
        centred = b("Sub", x, b("Reshape", batch_mean, column))
        batch_variance = b("ReduceMean", b("Mul", centred, centred), axes, keepdims=0)
        for old, new in ((mean, batch_mean), (variance, batch_variance)):
            outputs.append(b("Add", b("Mul", old, keep), b("Mul", new, blend)))
        mean, variance = batch_mean, batch_variance
    epsilon = b.constant("epsilon", np.array([node.attr("epsilon", 1e-5)], np.float32))
    factor = b("Div", scale, b("Sqrt", b("Add", variance, epsilon)))
    shift = b("Sub", bias, b("Mul", mean, factor))
    return [b("ai.odl.ScaleShift", x, factor, shift), *outputs]


FOREIGN: dict[str, Rewrite] = {
    "BatchNormalization": batch_normalization,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
}
