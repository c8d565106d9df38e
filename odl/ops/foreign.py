"""Operators that are made of others: a decorated function of a few lines each, and no kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from odl.ops.node import Node
from odl.ops.weave import Weaver


class Builder(Weaver):
    """Appends nodes that replace one node; floats get the type of the node's first input."""

    def __init__(self, node: Node) -> None:
        kind = node.dtype(0) if node.has(0) and node.dtype(0).is_float else None
        super().__init__(node.name, str(node.ir.outputs[0].name or node.name), kind)
        self.node = node

    def scalar(self, name: str, value: float) -> ir.Value:
        """A constant of rank 0 in the type of the node's first input."""
        return self.constant(name, np.array(value, self.node.dtype(0).numpy))

    def axes(self, *axes: int) -> ir.Value:
        """A list of integers as an operand, as Squeeze and the reductions take their axes."""
        return self.constant("axes", np.array(axes, np.int64))


Rewrite = Callable[[Builder, Node], Sequence[ir.Value | None]]


@dataclass(frozen=True)
class Foreign:
    """An operator without a kernel: `rewrite` gives the values that stand for its outputs.

    None stands for an output that nobody wants.
    """

    op_type: str
    rewrite: Rewrite
    attributes: tuple[str, ...] = ()
    """Attributes that `rewrite` honours; a node with any other is refused."""
    constant_inputs: tuple[int, ...] = ()
    """Inputs that must be known at compile time."""
    note: str = "decomposed"
    """For `odl ops`."""

    def __call__(self, builder: Builder, node: Node) -> Sequence[ir.Value | None]:
        """Refuse what is not supported, then rewrite."""
        node.admit_attributes(self.attributes)
        for i in self.constant_inputs:
            if node.has(i):
                node.const(i, f"input {i}")
        return self.rewrite(builder, node)


def foreign(
    op_type: str, attributes: tuple[str, ...] = (), constant_inputs: tuple[int, ...] = ()
) -> Callable[[Rewrite], Foreign]:
    """Declare that the decorated function decomposes `op_type`; nothing else lists it."""
    return lambda rewrite: Foreign(op_type, rewrite, attributes, constant_inputs)


def _spatial(node: Node) -> tuple[int, ...]:
    if len(node.shape()) < 3:
        raise node.refuse(f"an input of rank {len(node.shape())}", "it needs spatial dimensions")
    return node.shape()[2:]


@foreign("GlobalAveragePool")
def global_average_pool(b: Builder, node: Node) -> Sequence[ir.Value]:
    axes = b.axes(*range(2, 2 + len(_spatial(node))))
    return [b("ReduceMean", node.values[0], axes, keepdims=1)]


@foreign("GlobalMaxPool")
def global_max_pool(b: Builder, node: Node) -> Sequence[ir.Value]:
    return [b("MaxPool", node.values[0], kernel_shape=list(_spatial(node)))]


@foreign("BatchNormalization", ("epsilon", "momentum", "training_mode"))
def batch_normalization(b: Builder, node: Node) -> Sequence[ir.Value]:
    """y = x * s + (bias - mean * s), s = scale / sqrt(variance + epsilon)."""
    x, scale, bias, mean, variance = node.values
    outputs: list[ir.Value] = []
    if node.attr("training_mode", 0):
        momentum = node.attr("momentum", 0.9)
        keep = b.scalar("momentum", momentum)
        blend = b.scalar("one_minus_momentum", 1 - momentum)
        axes = b.axes(0, *range(2, len(node.shape())))
        column = b.constant("column", np.array([-1] + [1] * (len(node.shape()) - 2), np.int64))
        batch_mean = b("ReduceMean", x, axes, keepdims=0)
        centred = b("Sub", x, b("Reshape", batch_mean, column))
        batch_variance = b("ReduceMean", b("Mul", centred, centred), axes, keepdims=0)
        for old, new in ((mean, batch_mean), (variance, batch_variance)):
            outputs.append(b("Add", b("Mul", old, keep), b("Mul", new, blend)))
        mean, variance = batch_mean, batch_variance
    epsilon = b.scalar("epsilon", node.attr("epsilon", 1e-5))
    factor = b("Div", scale, b("Sqrt", b("Add", variance, epsilon)))
    shift = b("Sub", bias, b("Mul", mean, factor))
    return [b("ai.odl.ScaleShift", x, factor, shift), *outputs]
