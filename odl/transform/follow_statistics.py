"""The statistics of BatchNormalization become state that follows what the device sees.

As in adaptive batch normalisation (arXiv:1603.04779), but sample for sample: the layer goes on
normalising by its running statistics, and no gradient passes through them.
"""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from odl.ops.node import Node
from odl.ops.operator import ROLE, product
from odl.ops.weave import Term, Weaver
from odl.transform.infer_shapes import infer_shapes

FOLLOWED = "/followed"
"""Behind the name of a state: the output that is its successor in a step that is sound."""


def follow_statistics(
    model: ir.Model, momentum: float, frozen: Callable[[str], bool] = lambda name: False
) -> ir.Model:
    """Turn constant means and variances into inputs, and their successors into the last outputs.

    A successor is momentum * old + (1 - momentum) * that of the sample, as ONNX's own training mode
    has it.

    Args:
        momentum: in (0, 1).
        frozen: tells of a layer by its name whether its statistics stay what they are.
    """
    graph = infer_shapes(model).graph
    for ir_node in list(graph):
        if ir_node.op_type != "BatchNormalization" or ir_node.domain:
            continue
        node = Node(ir_node)
        if (
            frozen(node.name)
            or node.attr("training_mode", 0)
            or not all(node.is_const(i) for i in range(1, 5))
        ):
            continue
        for value in ir_node.inputs[1:3]:
            assert value is not None
            value.meta[ROLE] = ("norm", node.name)
        w = Weaver(f"{node.name}/statistics", f"{node.output().tensor}/statistics", None)
        x, old_mean, old_variance = (w.given(node.values[i]) for i in (0, 3, 4))
        mean, variance = _of_sample(w, x)
        for old, new in ((old_mean, mean), (old_variance, variance)):
            followed = old * momentum + new * (1 - momentum)
            followed.value.name = f"{old.value.name}{FOLLOWED}"
            followed.value.shape, followed.value.type = old.value.shape, old.value.type
            graph.inputs.append(old.value)
            graph.outputs.append(followed.value)
        w.finish(graph, before=ir_node)
    return model


def _of_sample(w: Weaver, x: Term) -> tuple[Term, Term]:
    """Mean and variance [channels] over all other axes of x."""
    others = [0, *range(2, len(x.shape))]
    count = product(tuple(x.shape[i] for i in others))
    mean = x.like_type(w.term("ReduceMean", x, w.ints(others), keepdims=0))
    column = [-1] + [1] * (len(x.shape) - 2)
    centred = x - mean.reshape(column)
    squares = x.like_type(w.term("ReduceSumSquare", centred, w.ints(others), keepdims=0))
    return mean, squares * (1 / count)


def take_followed(graph: ir.Graph) -> list[tuple[ir.Value, ir.Value]]:
    """The statistics and their successors, which are no outputs of the graph any more."""
    states = {f"{v.name}{FOLLOWED}": v for v in graph.inputs if v.is_initializer()}
    pairs = [(states[str(v.name)], v) for v in graph.outputs if str(v.name) in states]
    gone = {new for _, new in pairs}
    graph.outputs[:] = [v for v in graph.outputs if v not in gone]
    return pairs
