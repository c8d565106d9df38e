"""Gradients of weights from some positions instead of all, so that no more of a layer is stored.

See odl/ops/sample.py; the columns that are kept stand in memory times their weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import onnx_ir as ir

from odl.dtype import F32, I32
from odl.errors import UsageError
from odl.ops import lookup
from odl.ops.backward import Backward
from odl.ops.linear import Woven
from odl.ops.node import Node, value_dtype
from odl.ops.weave import Term, Weaver


@dataclass(frozen=True)
class Thin:
    """How a weight's gradient is thinned."""

    keep: float
    """Share of the positions."""
    seed: int
    named: bool
    """Whether the user named this layer, who then wants to know if it cannot be."""
    text: str
    """What the user wrote."""


class Thinning:
    """Gradients of the weights that have a policy; `check` tells what came of it."""

    def __init__(
        self,
        graph: ir.Graph,
        w: Weaver,
        policies: Mapping[ir.Value, Thin],
        number: Callable[[], Term],
    ) -> None:
        """`number` makes the number of the run, which decides what is drawn."""
        self._graph, self._w, self._policies = graph, w, policies
        self._kept: dict[tuple[ir.Value, int], tuple[Term, Term]] = {}
        self._thinned = 0
        if policies:
            self._draw = number()
            graph.insert_before(graph[0], w.take())

    def slope(self, b: Backward, node: Node, i: int) -> Term | None:
        """The gradient of input `i` from what is kept; None: it has no policy, or no need of one.

        Raises:
            UsageError: the user named the layer, and a position is more than a column of its input.
        """
        value = _master(node.ir.inputs[i])
        policy = self._policies.get(value) if value is not None else None
        if policy is None:
            return None
        linear, x = lookup(node).linear(node, i), node.ir.inputs[0]
        assert x is not None
        whole = linear.by_position(self._w.given(x)) if isinstance(linear, Woven) else None
        behind = linear.by_position(b.dy()) if isinstance(linear, Woven) else None
        if whole is None or behind is None or not isinstance(linear, Woven):
            self._w.take()
            if policy.named:
                raise UsageError(
                    f"--train {policy.text}: {node.op} node '{node.name}' has a window, groups or "
                    "a batch of images",
                    advice="Gemm, MatMul and Conv of 1x1 without stride can be thinned",
                )
            return None
        positions = whole[0].shape[whole[1]]
        k = max(1, round(policy.keep * positions))
        if k >= positions:
            self._w.take()
            return None
        kept, index = self._keep(x, whole, k, policy)
        self._thinned += 1
        taken = b.term("Gather", behind[0], index, axis=behind[1])
        return linear.slope(b, kept, taken)

    def check(self) -> None:
        """Refuse policies of which nothing has come.

        Raises:
            UsageError: no gradient is thinned.
        """
        if self._policies and not self._thinned:
            policy = next(iter(self._policies.values()))
            raise UsageError(
                f"--train {policy.text} finds no layer of more than one position without a window",
                advice="Gemm, MatMul and Conv of 1x1 without stride can be thinned",
            )

    def _keep(
        self, x: ir.Value, whole: tuple[Term, int], k: int, policy: Thin
    ) -> tuple[Term, Term]:
        """The columns [.., k] or rows [k, ..] that stay, and their positions."""
        if (x, k) in self._kept:
            self._w.take()
            return self._kept[x, k]
        w, (matrix, axis) = self._w, whole
        draw = self._draw
        norm = matrix.like_type(w.term("ReduceL2", matrix, w.ints([1 - axis]), keepdims=0))
        index = w.term("ai.odl.SamplePositions", norm, draw, k=k, seed=policy.seed)
        node = index.value.producer()
        assert node is not None
        node.resize_outputs(2)
        weight = w.given(node.outputs[1])
        weight.value.name = f"{index.value.name}.1"
        for made, kind in ((index, I32), (weight, F32)):
            made.typed((k,), kind)
        kind = value_dtype(x)
        shape = [k if a == axis else n for a, n in enumerate(matrix.shape)]
        picked = w.term("Gather", matrix, index, axis=axis).typed(shape, kind)
        column = weight.reshape([k, 1]) if axis == 0 else weight
        kept = (picked.cast(F32) * column).cast(kind).typed(shape, kind)
        self._put(x)
        self._kept[x, k] = kept, index
        return kept, index

    def _put(self, x: ir.Value) -> None:
        """What was made stands behind the node that makes x, so that this need not stay."""
        after = x.producer() or self._draw.value.producer()
        assert after is not None
        self._graph.insert_after(after, self._w.take())


def _master(value: ir.Value | None) -> ir.Value | None:
    """The weight in single precision of one that was cast to half."""
    node = value.producer() if value is not None else None
    return node.inputs[0] if node is not None and node.op_type == "Cast" else value
