"""Fold a BatchNormalization with constant statistics into the Conv before it."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from odl.ops.node import Node
from odl.transform.name_all import fresh, taken


def fold_batch_norm(model: ir.Model) -> ir.Model:
    """w' = w s, b' = (b - mean) s + beta, s = scale / sqrt(variance + epsilon), in float64."""
    names = taken(model.graph)
    for ir_node in list(model.graph):
        conv = _foldable(ir_node)
        if conv is not None:
            with np.errstate(all="ignore"):  # what overflows here would overflow there, too
                _fold(model.graph, conv, ir_node, names)
    return model


def _foldable(bn: ir.Node) -> ir.Node | None:
    """The Conv whose only reader is this BatchNormalization, if all parameters are constant."""
    if bn.op_type != "BatchNormalization" or bn.domain:
        return None
    node = Node(bn)
    source = bn.inputs[0]
    conv = source.producer() if source is not None else None
    if node.attr("training_mode", 0) or conv is None or conv.op_type != "Conv" or conv.domain:
        return None
    alone = len(conv.outputs[0].uses()) == 1 and not conv.outputs[0].is_graph_output()
    view = Node(conv)
    constant = all(node.is_const(i) for i in range(1, 5)) and view.is_const(1)
    bias = not view.has(2) or view.is_const(2)
    return conv if alone and constant and bias else None


def _fold(graph: ir.Graph, conv: ir.Node, bn: ir.Node, names: set[str]) -> None:
    node, view = Node(bn), Node(conv)
    scale, beta, mean, variance = (node.const(i, "").astype(np.float64) for i in range(1, 5))
    factor = scale / np.sqrt(variance + node.attr("epsilon", 1e-5))
    w = view.const(1, "weights")
    bias = view.const(2, "bias").astype(np.float64) if view.has(2) else np.zeros_like(factor)
    folded = w.astype(np.float64) * factor.reshape((-1,) + (1,) * (w.ndim - 1))
    name = str(bn.outputs[0].name)
    values = {
        "weight": (1, folded.astype(w.dtype)),
        "bias": (2, ((bias - mean) * factor + beta).astype(w.dtype)),
    }
    for suffix, (i, array) in values.items():
        full = fresh(f"{name}/{suffix}", names)
        value = ir.Value(name=full, const_value=ir.tensor(array, name=full))
        value.shape, value.type = ir.Shape(array.shape), bn.outputs[0].type
        graph.register_initializer(value)
        if i < len(conv.inputs):
            conv.replace_input_with(i, value)
        else:
            conv.resize_inputs(i + 1)
            conv.replace_input_with(i, value)
    out, old = conv.outputs[0], bn.outputs[0]
    shape, kind = old.shape, old.type
    old.replace_all_uses_with(out, replace_graph_outputs=True)
    old.name = f"{name}/replaced"
    conv.metadata_props["odl.fused"] = f"{conv.name or view.name}+{bn.name or name}"
    out.name, out.shape, out.type = name, shape, kind
    graph.remove(bn, safe=True)
