"""Leave weights quantised where an operator in float can read them so."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from odl.errors import Unsupported
from odl.ops import lookup
from odl.ops.node import Node, constant_value
from odl.ops.windows import window
from odl.transform.quantisers import Editor, is_a, source


def fuse_weights(model: ir.Model) -> ir.Model:
    """DequantizeLinear of constant weights before MatMul, Gemm or Conv becomes a part of it.

    In flash the weights stay as small as the model has them.
    """
    edit = Editor(model.graph)
    for node in list(model.graph):
        if any(is_a(node, op) for op in ("MatMul", "Gemm", "Conv")):
            _fuse(edit, node)
    model.opset_imports.setdefault("ai.odl", 1)
    return model


def _fuse(edit: Editor, node: ir.Node) -> None:
    before, view = source(node.inputs[1]), Node(node)
    if before is None or any(v is not None and constant_value(v) is None for v in before.inputs):
        return
    integers, scale, *zero = before.inputs
    assert integers is not None
    assert scale is not None
    if scale.dtype not in _SCALES or integers.dtype not in _TYPES:
        return
    attributes: dict[str, Any] = {"axis": _axis(view, before)}
    block = Node(before).attr("block_size", 0)
    inputs = [node.inputs[0], integers, scale, zero[0] if zero else None]
    if inputs[3] is None:
        assert scale.const_value is not None
        none = np.zeros(scale.const_value.shape.numpy(), integers.dtype.numpy())
        inputs[3] = edit.constant(f"{integers.name}/zero", none)
    if is_a(node, "Conv"):
        g = window(view, view.shape(1)[2:])
        attributes |= {
            "dilations": list(g.dilation),
            "group": view.attr("group", 1),
            "kernel_shape": list(g.size),
            "pads": [*g.pad, *g.end],
            "strides": list(g.stride),
        }
        if block:
            return
    else:
        attributes["block_size"] = block
    if is_a(node, "Gemm"):
        if view.attr("alpha", 1.0) != 1 or view.attr("beta", 1.0) != 1:
            return
        attributes |= {"transA": view.attr("transA", 0), "transB": view.attr("transB", 0)}
    if not is_a(node, "MatMul"):
        bias = node.inputs[2] if len(node.inputs) > 2 else None
        channels = view.out_shape()[1]
        if bias is None:
            bias = edit.constant(f"{view.name}/bias", np.zeros(channels, scale.dtype.numpy()))
        inputs.append(bias)
    made = edit.before(node, f"ai.odl.W{node.op_type}", inputs, f"{view.name}/fused", attributes)
    made.name = node.name
    out = node.outputs[0]
    made.outputs[0].type, made.outputs[0].shape = out.type, out.shape
    try:
        lookup(Node(made))
    except Unsupported:
        edit.graph.remove(made, safe=True)
        return
    edit.stand_in(out, made.outputs[0])


_SCALES = (ir.DataType.FLOAT, ir.DataType.FLOAT16)
_TYPES = (ir.DataType.INT8, ir.DataType.UINT8, ir.DataType.INT4, ir.DataType.UINT4)


def _axis(view: Node, before: ir.Node) -> int:
    rank = len(view.shape(1))
    return view.axis(Node(before).attr("axis", 1), rank) if rank > 1 else 0
