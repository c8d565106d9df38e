"""How gradient rules are written: expressions over the values of one node, made of ONNX nodes.

A rule, `Operator.gradient`, makes the gradient of the loss with respect to each input of a node
from those with respect to its outputs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
import onnx_ir as ir

from odl.dtype import F32
from odl.ops.node import Node, value_dtype
from odl.ops.weave import Term, Weaver

Gradients = Sequence[Term | None]

STORED = 64
"""Zeros, at most, that stand in flash."""
UNFOLDED = "odl.unfolded"
"""In `meta` of a node: it stays, though all its operands are constants."""


class Backward(Weaver):
    """Appends what carries the gradient back through one node; numbers take its type."""

    def __init__(self, node: Node, wanted: Collection[int], dy: Sequence[ir.Value | None]) -> None:
        """`wanted` are the inputs whose gradients somebody asks for, `dy` those of the outputs."""
        typed = [v for v in (*node.values, *node.ir.outputs) if v.dtype is not None]
        kind = next((k for k in map(value_dtype, typed) if k.is_float), F32)
        super().__init__(f"{node.name}/grad", f"{node.output().tensor}/grad", kind)
        self.node, self._wanted, self._dy = node, set(wanted), dy

    def leave_out(self, inputs: Collection[int]) -> None:
        """Ask no more for the gradients of these inputs."""
        self._wanted -= set(inputs)

    def wants(self, i: int) -> bool:
        """Whether the gradient of input `i` is asked for."""
        return i in self._wanted

    def has_dy(self, i: int) -> bool:
        """Whether the loss depends on output `i`."""
        return i < len(self._dy) and self._dy[i] is not None

    def dy(self, i: int = 0) -> Term:
        """The gradient of the loss with respect to output `i`, on which it depends."""
        value = self._dy[i]
        assert value is not None
        return Term(self, value)

    def x(self, i: int = 0) -> Term:
        """Input `i` of the node."""
        value = self.node.ir.inputs[i]
        assert value is not None
        return Term(self, value)

    def y(self, i: int = 0) -> Term:
        """Output `i` of the node."""
        return Term(self, self.node.ir.outputs[i])

    def zeros(self, like: Term, shape: Sequence[int] | None = None) -> Term:
        """Zeros of the type of `like`, and of its shape or another.

        Many are made in every run, and not stored.
        """
        dims = tuple(like.shape if shape is None else shape)
        if math.prod(dims) <= STORED:
            return self.array(np.zeros(dims, like.dtype.numpy))
        made = self.term("Expand", self.number(0.0, like.value.dtype), self.ints(dims))
        made.value.shape, made.value.type = ir.Shape(dims), ir.TensorType(like.value.dtype)  # type: ignore[arg-type]
        self.nodes[-1].meta[UNFOLDED] = True
        return made

    def one(self, like: Term) -> Term:
        """A 1 of the type of `like`, of rank 0."""
        return self.array(np.array(1, like.dtype.numpy))

    def pad(self, dy: Term, begins: Sequence[int], ends: Sequence[int]) -> Term:
        """`dy` with so many zeros before and behind each axis; negative ones take away."""
        if not any((*begins, *ends)):
            return dy
        return self.term("Pad", dy, self.ints([*begins, *ends]))

    def along(self, dy: Term, axis: int, rank: int, weights: np.ndarray) -> Term:
        """dx of y = weights x along one axis of `rank`: weights^T dy, weights [len y, len x]."""
        perm = [i for i in range(rank) if i != axis] + [axis]
        moved = self.term("MatMul", dy.transpose(perm), self.array(weights.astype(np.float32)))
        return moved.transpose([perm.index(i) for i in range(rank)])

    def unbroadcast(
        self,
        dy: Term,
        i: int,
        large: tuple[int, ...] | None = None,
        small: tuple[int, ...] | None = None,
    ) -> Term:
        """The gradient of input `i` from that of its broadcast form, which has the node's shape.

        Broadcasting repeats elements, so their gradients add up. `large` and `small` stand for
        the shapes of the node and of the input, where those are others.
        """
        large = self.node.out_shape() if large is None else large
        small = self.x(i).shape if small is None else small
        if small == large:
            return dy
        full = (1,) * (len(large) - len(small)) + small
        axes = [a for a, (s, n) in enumerate(zip(full, large, strict=True)) if s == 1 and n != 1]
        total = dy.sum(axes, keepdims=True)
        return total if full == small else total.reshape(small)
