"""Slice and Split: strided copies of parts of a tensor."""

from __future__ import annotations

import numpy as np

from odl.dtype import ALL
from odl.ops import layout, strides
from odl.ops.backward import Backward, Gradients
from odl.ops.layout import Moved, Perm
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.take import take, take_call
from odl.ops.transpose import copy, copy_call
from odl.program import Call, Ref


class Slice(Operator):
    moves = True
    op_types = ("Slice",)
    kernels = (copy, take)
    dtypes = ALL
    constant_inputs = (1, 2, 3, 4)
    note = "no code where all is kept"

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.listed(node, perm, (1, 2, 4), axes=3)

    def _spans(self, node: Node) -> list[range]:
        """The source indices along each axis."""
        shape = node.shape()
        starts, ends = (node.const(i, what).ravel() for i, what in ((1, "starts"), (2, "ends")))
        axes = node.const(3, "axes").ravel() if node.has(3) else np.arange(len(starts))
        steps = node.const(4, "steps").ravel() if node.has(4) else np.ones(len(starts), int)
        spans = [range(n) for n in shape]
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            at = node.axis(int(axis), len(shape))
            if step == 0:
                raise node.refuse("a step of 0")
            spans[at] = range(*slice(int(start), int(end), int(step)).indices(shape[at]))
        return spans

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """dy with zeros where nothing was taken from: between the elements, and around them."""
        dy, shape, spans = b.dy(), node.shape(), self._spans(node)
        back = [a for a, s in enumerate(spans) if s.step < 0]
        if back:
            ends = [b.ints([v] * len(back)) for v in (-1, -(2**31))]
            turn = (*ends, b.ints(back), b.ints([-1] * len(back)))
            dy = b.term("Slice", dy, *turn)
            spans = [s[::-1] if s.step < 0 else s for s in spans]
        if any(s.step > 1 for s in spans):
            dy = dy.reshape([n for s in spans for n in (len(s), 1)])
            dy = b.pad(dy, [0] * 2 * len(spans), [n for s in spans for n in (0, s.step - 1)])
            dy = dy.reshape([len(s) * s.step for s in spans])
        ends_at = [n - s.start - len(s) * s.step for n, s in zip(shape, spans, strict=True)]
        return [b.pad(dy, [s.start for s in spans], ends_at)]

    def alias(self, node: Node) -> int | None:
        whole = [range(n) for n in node.shape()]
        return 0 if self._spans(node) == whole else None

    def lower(self, node: Node) -> list[Call]:
        shape, out, spans = node.shape(), node.out_shape(), self._spans(node)
        if any(s.step < 0 and len(s) > 1 for s in spans):
            return [take_call(node, shape, [np.array(s, np.int64) for s in spans])]
        walk = strides.dense(shape)
        start = sum(s.start * w for s, w in zip(spans, walk, strict=True))
        x = Ref(node.input(0).tensor, start * node.dtype().size)
        x_stride = tuple(s.step * w for s, w in zip(spans, walk, strict=True))
        return [copy_call(node, x, node.output(), out, x_stride, strides.dense(out))]


class Split(Operator):
    op_types = ("Split",)
    kernels = (copy,)
    attributes = ("axis", "num_outputs")
    dtypes = ALL
    constant_inputs = (1,)

    def move(self, node: Node, perm: Perm) -> Moved | None:
        return layout.along(node, perm, 0)

    def alias(self, node: Node) -> int | None:
        return 0 if len(node.ir.outputs) == 1 else None

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """The parts in their order; zeros for those on which the loss does not depend."""
        parts = []
        for i in range(len(node.ir.outputs)):
            zeros = np.zeros(node.out_shape(i), np.float32)
            parts.append(b.dy(i) if b.has_dy(i) else b.array(zeros))
        if len(parts) == 1:
            return parts
        return [b.term("Concat", *parts, axis=node.attr("axis", 0))]

    def lower(self, node: Node) -> list[Call]:
        shape = node.shape()
        axis = node.axis(node.attr("axis", 0), len(shape))
        walk = strides.dense(shape)
        calls, begin = [], 0
        for i in range(len(node.ir.outputs)):
            part = node.out_shape(i)
            x = Ref(node.input(0).tensor, begin * walk[axis] * node.dtype().size)
            begin += part[axis]
            if i == 0 or node.wants(i):
                calls.append(copy_call(node, x, node.output(i), part, walk, strides.dense(part)))
        return calls
