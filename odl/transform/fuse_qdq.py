"""Turn an operator between DequantizeLinear and QuantizeLinear into one in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.errors import Unsupported
from odl.ops import lookup, registry
from odl.ops.node import Node, constant_value
from odl.ops.quantised import limits, saturate
from odl.ops.reference import evaluate
from odl.transform.quantised_forms import FORMS
from odl.transform.quantisers import Editor, Quantisation, alone, is_a, quantisation, source

Array = npt.NDArray[Any]


def fuse_qdq(model: ir.Model) -> ir.Model:
    """Fuse what a kernel in integers computes; the rest stays as it is, in float.

    A function of one tensor becomes a table of its 256 values. A Relu or Clip before the
    QuantizeLinear narrows the range of the result. Nothing is fused whose float value somebody else
    reads.
    """
    edit = Editor(model.graph)
    _merge_equal(model.graph)
    for node in list(model.graph):
        if is_a(node, "QuantizeLinear") and node.graph is not None:
            quantised = quantisation(node)
            if quantised is not None and quantised.kind in (np.int8, np.uint8):
                _skip(edit, node, quantised) or _tabulate(edit, node, quantised) or _fuse(
                    edit, node, quantised
                )
    model.opset_imports.setdefault("ai.odl", 1)
    return model


def _merge_equal(graph: ir.Graph) -> None:
    """One QuantizeLinear for all that quantise a value alike."""
    seen: dict[Any, ir.Node] = {}
    for node in list(graph):
        quantised = quantisation(node) if is_a(node, "QuantizeLinear") else None
        if quantised is None:
            continue
        first = seen.setdefault((node.inputs[0], quantised), node)
        if first is not node and not node.outputs[0].is_graph_output():
            node.outputs[0].replace_all_uses_with(first.outputs[0])
            graph.remove(node, safe=True)


def _skip(edit: Editor, quantize: ir.Node, quantised: Quantisation) -> bool:
    """Integers that are quantised again as they were stay as they are."""
    before = source(quantize.inputs[0])
    if before is None or quantisation(before) != quantised or before.inputs[0] is None:
        return False
    out = quantize.outputs[0]
    if out.is_graph_output():
        same = edit.before(quantize, "Identity", [before.inputs[0]], f"{out.name}/same")
        edit.stand_in(out, same.outputs[0])
    else:
        out.replace_all_uses_with(before.inputs[0])
        edit.graph.remove(quantize, safe=True)
    return True


# --- functions of one tensor ---


def _tabulate(edit: Editor, quantize: ir.Node, quantised: Quantisation) -> bool:
    """Whatever is computed element by element from one quantised tensor is a table."""
    region = _region(quantize)
    if region is None:
        return False
    nodes, root = region
    given = quantisation(root)
    if given is None or given.kind not in (np.int8, np.uint8):
        return False
    codes = np.arange(256).astype(np.uint8).view(given.kind)
    values: dict[ir.Value, Array] = {
        root.outputs[0]: (codes.astype(np.int64) - given.zero) * np.float64(np.float32(given.scale))
    }
    for node in nodes:
        inputs = [_known(v, values) for v in node.inputs if v is not None]
        values[node.outputs[0]] = evaluate(Node(node), inputs)[0]
    assert quantize.inputs[0] is not None
    with np.errstate(all="ignore"):
        real = values[quantize.inputs[0]] / np.float64(np.float32(quantised.scale))
    out = quantize.outputs[0]
    table = edit.constant(f"{out.name}/table", saturate(real, quantised.zero, quantised.kind))
    made = edit.before(quantize, "ai.odl.QTable", [root.inputs[0], table], f"{out.name}/by_table")
    made.name = nodes[-1].name if nodes else quantize.name
    edit.stand_in(out, made.outputs[0])
    _drop(edit, nodes)
    return True


def _known(value: ir.Value, values: dict[ir.Value, Array]) -> Array:
    """What is computed already, or a constant of one element, perhaps a quantised one."""
    found, before = values.get(value, constant_value(value)), source(value)
    if found is None and before is not None:
        found = evaluate(Node(before), [_known(v, {}) for v in before.inputs if v is not None])[0]
    assert found is not None
    wide = found.astype(np.float64) if found.dtype.kind == "f" else found
    return wide.reshape(()) if wide.size == 1 else wide


def _region(quantize: ir.Node) -> tuple[list[ir.Node], ir.Node] | None:
    """The elementwise nodes before it, in order, and the only DequantizeLinear that feeds them."""
    nodes: list[ir.Node] = []
    roots: set[ir.Node] = set()
    inside: set[ir.Node] = {quantize}
    stack = [quantize.inputs[0]]
    while stack:
        value = stack.pop()
        producer = value.producer() if value is not None else None
        constant = constant_value(value) if value is not None else None
        if value is None or (constant is not None and constant.size == 1):
            continue
        if producer is None:
            return None
        if producer in inside:
            continue
        before = source(value)
        if before is not None and before.inputs[0] is not None:
            fixed = constant_value(before.inputs[0])
            if fixed is None:
                roots.add(before)
            elif fixed.size > 1:
                return None
            continue
        operator = registry().get(producer.op_type) if not producer.domain else None
        if operator is None or not operator.elementwise or len(producer.outputs) != 1:
            return None
        inside.add(producer)
        nodes.append(producer)
        stack.extend(producer.inputs)
    if len(roots) != 1:
        return None
    closed = all(u.node in inside for n in nodes for u in n.outputs[0].uses())
    private = not any(n.outputs[0].is_graph_output() for n in nodes)
    whole = all(n.outputs[0].shape == quantize.outputs[0].shape for n in nodes)
    if not (closed and private and whole):
        return None
    order = {n: i for i, n in enumerate(quantize.graph)} if quantize.graph is not None else {}
    return sorted(nodes, key=order.__getitem__), next(iter(roots))


def _drop(edit: Editor, nodes: list[ir.Node]) -> None:
    """Remove what nobody reads any more, the last first."""
    for node in reversed(nodes):
        if not any(o.uses() or o.is_graph_output() for o in node.outputs):
            edit.graph.remove(node, safe=True)


# --- operators with sums ---


def _fuse(edit: Editor, quantize: ir.Node, quantised: Quantisation) -> bool:
    """Put `ai.odl.Q...` in the place of the operator before it, if that is one that has a form."""
    low, high = limits(quantised.kind)
    clamps: list[ir.Node] = []
    value = quantize.inputs[0]
    while alone(value) and value is not None:
        node = value.producer()
        bounds = _bounds(node)
        if node is None or bounds is None:
            break
        ends = [
            saturate(np.float32(b) / np.float32(quantised.scale), quantised.zero, quantised.kind)
            for b in bounds
        ]
        low, high = max(low, int(ends[0])), min(high, int(ends[1]))
        clamps.append(node)
        value = node.inputs[0]
    core = value.producer() if value is not None else None
    if core is None or core.domain or core.op_type not in FORMS or not alone(value) or low > high:
        return False
    form = FORMS[core.op_type](edit, core)
    if form is None:
        return False
    out = quantize.outputs[0]
    limit = [np.array(v, quantised.kind) for v in (quantised.zero, low, high)]
    names = ("zero", "low", "high")
    last = [edit.constant(f"{out.name}/{n}", v) for n, v in zip(names, limit, strict=True)]
    inputs = [*form.inputs, quantize.inputs[1], *last]
    made = edit.before(quantize, f"ai.odl.{form.op}", inputs, f"{out.name}/fused", form.attributes)
    made.name = core.name
    fused = made.outputs[0]
    fused.type, fused.shape = out.type, out.shape
    try:
        lookup(Node(made))
    except Unsupported:
        edit.graph.remove(made, safe=True)
        return False
    edit.stand_in(out, fused)
    _drop(edit, [core, *reversed(clamps)])
    return True


def _bounds(node: ir.Node | None) -> tuple[float, float] | None:
    """Least and largest result of a Relu, or of a Clip between constants."""
    if is_a(node, "Relu"):
        return 0.0, np.inf
    if node is None or not is_a(node, "Clip"):
        return None
    found = []
    for i, absent in ((1, -np.inf), (2, np.inf)):
        given = node.inputs[i] if i < len(node.inputs) else None
        if given is None:
            found.append(absent)
            continue
        constant = constant_value(given)
        if constant is None or constant.size != 1:
            return None
        found.append(float(constant.ravel()[0]))
    return found[0], found[1]
