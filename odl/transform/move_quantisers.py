"""Move DequantizeLinear behind, and QuantizeLinear before, what only moves elements."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from odl.ops import registry
from odl.ops.node import Node, constant_value
from odl.ops.quantised import saturate
from odl.ops.transpose import permutation
from odl.transform.quantisers import Editor, Quantisation, alone, is_a, quantisation, source


def move_quantisers(model: ir.Model) -> ir.Model:
    """Then integers are moved, and quantisers stand next to what computes.

    Both orders give the same bits: rounding is monotone, and movement does not look at values.
    Relu behind a DequantizeLinear becomes a Clip of the integers at the zero point.
    """
    edit = Editor(model.graph)
    changed = True
    while changed:
        changed = any(_step(edit, node) for node in list(model.graph))
    return model


def _step(edit: Editor, node: ir.Node) -> bool:
    if node.graph is None:
        return False
    if is_a(node, "QuantizeLinear"):
        return _hoist(edit, node)
    return _sink(edit, node) or _sink_axis(edit, node)


def _moved(node: ir.Node | None) -> list[int]:
    """The inputs whose elements the node moves; none where it does anything else."""
    if node is None or node.domain or len(node.outputs) != 1:
        return []
    operator = registry().get(node.op_type)
    if operator is None or not operator.moves:
        return []
    view = Node(node)
    if node.op_type == "Pad" and view.attr("mode", "constant") == "constant" and view.has(2):
        filler = constant_value(node.inputs[2])  # type: ignore[arg-type]
        if filler is None or filler.size != 1:
            return []
    data = [i for i in range(len(node.inputs)) if i not in operator.constant_inputs]
    return [i for i in data if not (node.op_type == "Pad" and i == 2)]


def _sink(edit: Editor, node: ir.Node) -> bool:
    """Move(DequantizeLinear(x)) becomes DequantizeLinear(Move(x))."""
    relu = is_a(node, "Relu")
    places = [0] if relu else _moved(node)
    before = [source(node.inputs[i]) for i in places]
    found = [quantisation(b) for b in before]
    first, quantised = before[0] if before else None, found[0] if found else None
    if first is None or quantised is None or any(f != quantised for f in found):
        return False
    name = str(node.outputs[0].name)
    inputs = list(node.inputs)
    for i, dequantize in zip(places, before, strict=True):
        inputs[i] = dequantize.inputs[0] if dequantize is not None else None
    if relu:
        inputs = [
            inputs[0],
            edit.constant(f"{name}/zero", np.array(quantised.zero, quantised.kind)),
        ]
        made = edit.before(node, "Clip", inputs, f"{name}/integers")
    else:
        _fill(edit, node, inputs, quantised)
        made = edit.before(node, node.op_type, inputs, f"{name}/integers", dict(node.attributes))
    made.name = node.name
    integers, real = made.outputs[0], node.outputs[0]
    integers.type, integers.shape = first.inputs[0].type, real.shape  # type: ignore[union-attr]
    back = edit.before(node, "DequantizeLinear", [integers, *first.inputs[1:]], f"{name}/real")
    edit.stand_in(real, back.outputs[0])
    return True


def _sink_axis(edit: Editor, node: ir.Node) -> bool:
    """Transpose(DequantizeLinear(weights)) with a scale for each index of an axis, which moves."""
    before = source(node.inputs[0]) if is_a(node, "Transpose") else None
    if before is None or before.inputs[0] is None or constant_value(before.inputs[0]) is None:
        return False
    view = Node(before)
    if len(view.shape(1)) != 1 or view.attr("block_size", 0):
        return False
    perm = permutation(Node(node))
    axis = perm.index(view.axis(view.attr("axis", 1), len(perm)))
    real = node.outputs[0]
    made = edit.before(
        node, "Transpose", [before.inputs[0]], f"{real.name}/integers", dict(node.attributes)
    )
    integers = made.outputs[0]
    integers.type, integers.shape = before.inputs[0].type, real.shape
    inputs = [integers, *before.inputs[1:]]
    back = edit.before(node, "DequantizeLinear", inputs, f"{real.name}/real", {"axis": axis})
    edit.stand_in(real, back.outputs[0])
    return True


def _hoist(edit: Editor, quantize: ir.Node) -> bool:
    """QuantizeLinear(Move(x)) becomes Move(QuantizeLinear(x)) where nobody else reads Move(x)."""
    quantised, moved = quantisation(quantize), quantize.inputs[0]
    move = moved.producer() if moved is not None else None
    places = _moved(move)
    if quantised is None or move is None or not places or not alone(moved):
        return False
    out = quantize.outputs[0]
    inputs = list(move.inputs)
    for i in places:
        value = move.inputs[i]
        assert value is not None
        made = edit.before(
            quantize, "QuantizeLinear", [value, *quantize.inputs[1:]], f"{value.name}/quantised"
        )
        made.outputs[0].type, made.outputs[0].shape = out.type, value.shape
        inputs[i] = made.outputs[0]
    _fill(edit, move, inputs, quantised)
    again = edit.before(quantize, move.op_type, inputs, f"{out.name}/moved", dict(move.attributes))
    again.name = move.name
    edit.stand_in(out, again.outputs[0])
    edit.graph.remove(move, safe=True)
    return True


def _fill(
    edit: Editor, move: ir.Node, inputs: list[ir.Value | None], quantised: Quantisation
) -> None:
    """What a Pad fills up with, as an integer; 0 is the zero point."""
    if not is_a(move, "Pad") or Node(move).attr("mode", "constant") != "constant":
        return
    view = Node(move)
    real = view.const(2, "value").ravel()[0] if view.has(2) else np.float32(0)
    filler = saturate(real / np.float32(quantised.scale), quantised.zero, quantised.kind)
    inputs += [None] * (3 - len(inputs))
    inputs[2] = edit.constant(f"{move.outputs[0].name}/filler", np.asarray(filler).reshape(()))
