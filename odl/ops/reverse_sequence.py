"""ReverseSequence: the first elements of each sequence of a batch, in reverse order."""

from __future__ import annotations

from typing import Any

import numpy as np

from odl.dtype import ALL
from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Operator, product
from odl.program import Call, In, Out, kernel


@kernel
def reverse_sequence(
    x: In, lengths: In, y: Out, batch: int, time: int, inner: int, batch_first: int
) -> None:
    """y[b, t] = x[b, lengths[b] - 1 - t] for t < lengths[b], else x[b, t]; lengths are clamped.

    The dimensions are [batch, time, inner], or [time, batch, inner] unless `batch_first`.
    """
    n = batch * time * inner
    shape = (batch, time, inner) if batch_first else (time, batch, inner)
    v, out = (a[:n].reshape(shape) for a in (x, y))
    if not batch_first:
        v, out = v.swapaxes(0, 1), out.swapaxes(0, 1)
    for b in range(batch):
        length = int(np.clip(lengths[b], 0, time))
        out[b] = v[b]
        out[b, :length] = v[b, :length][::-1]


class ReverseSequence(Operator):
    op_types = ("ReverseSequence",)
    kernels = (reverse_sequence,)
    attributes = ("batch_axis", "time_axis")
    dtypes = ALL

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Reversed once more."""
        axes: dict[str, Any] = {
            name: node.attr(name, d) for name, d in (("batch_axis", 1), ("time_axis", 0))
        }
        return [b.term("ReverseSequence", b.dy(), b.x(1), **axes)]

    def lower(self, node: Node) -> list[Call]:
        shape, axes = node.shape(), (node.attr("batch_axis", 1), node.attr("time_axis", 0))
        if sorted(axes) != [0, 1]:
            raise node.refuse(f"batch and time axes {axes}", "supported: 0 and 1, or 1 and 0")
        args = {
            "x": node.input(0),
            "lengths": node.input(1),
            "y": node.output(),
            "batch": shape[axes[0]],
            "time": shape[axes[1]],
            "inner": product(shape[2:]),
            "batch_first": int(axes[0] == 0),
        }
        return [Call(reverse_sequence, f"b{8 * node.dtype().size}", args)]
