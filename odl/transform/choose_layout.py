"""Choose where channels stand side by side: by cost, region by region of the graph."""

from __future__ import annotations

from collections.abc import Callable, Collection

import onnx_ir as ir

from odl.ops import registry
from odl.ops.conv_hwc_kernels import TO_CHW, TO_HWC
from odl.ops.layout import BY_COST, is_free
from odl.ops.node import Node, static_shape
from odl.ops.transpose import permutation
from odl.transform.merge_transposes import is_transpose, merge_transpose, transpose_of
from odl.transform.name_all import fresh, taken
from odl.transform.push_transposes import push_transpose
from odl.transform.quantisers import Editor

LAYOUT = "odl.layout"
"""In a model's metadata: how many layers of how many have another layout than the model's."""

Estimate = Callable[[ir.Node], float]
"""The cycles of a node."""


def choose_layout(
    model: ir.Model,
    estimate: Estimate | None,
    wanted: str = BY_COST,
    kept: Collection[ir.Value] = (),
) -> ir.Model:
    """Layers whose operator has a form for it take images with the channels last.

    Transposes stand around a region of such layers, and around none where they would cost more
    than the layers gain. A tensor whose layout is another is called NAME/hwc.

    Args:
        estimate: None keeps the layout of the model, unless another is wanted.
        wanted: auto, chw or hwc.
        kept: constants that are not turned.
    """
    layers = {str(node.name): node for node in model.graph if _channels_last(node) is not None}
    names = {str(v.name) for v in kept}
    chosen = set[str]()
    if wanted == "hwc":
        chosen = set(layers)
    elif wanted == BY_COST and estimate is not None:
        chosen = _gaining(model, layers, names, estimate)
    if chosen:
        _rewrite(model.graph, chosen, names)
        model.opset_imports.setdefault("ai.odl", 1)
        model.metadata_props[LAYOUT] = f"HWC for {len(chosen)} of {len(layers)} layers"
    return model


def _channels_last(ir_node: ir.Node) -> tuple[str, dict[str, object]] | None:
    node = Node(ir_node)
    operator = registry().get(node.op)
    return operator.channels_last(node) if operator is not None else None


# --- the graph with other layers ---


def _rewrite(graph: ir.Graph, chosen: Collection[str], kept: Collection[str]) -> None:
    """The chosen layers between Transposes, which are moved down until they meet."""
    edit = Editor(graph)
    for node in list(graph):
        if str(node.name) in chosen:
            _wrap(edit, node)
    names, twins = taken(graph), dict[ir.Value | None, ir.Value]()
    for node in list(graph):
        if node.graph is None:
            continue
        if is_transpose(node):
            merge_transpose(graph, node)
            if node.graph is not None and permutation(Node(node)) == TO_HWC:
                twins.setdefault(node.inputs[0], node.outputs[0])
        elif not any(v is not None and str(v.name) in kept for v in node.inputs):
            _take_twins(edit, node, twins)
            push_transpose(graph, node, names)
    for node in filter(is_transpose, list(graph)):
        merge_transpose(graph, node)
    _share(graph)
    for node in reversed(list(graph)):
        out = node.outputs[0]
        if is_transpose(node) and not out.uses() and not out.is_graph_output():
            graph.remove(node, safe=True)
    _name(graph, _regions(graph, chosen))


def _take_twins(edit: Editor, node: ir.Node, twins: dict[ir.Value | None, ir.Value]) -> None:
    """Beside a turned operand, one that is there with its channels last comes from that."""
    if not any(map(transpose_of, node.inputs)):
        return
    for i, value in enumerate(node.inputs):
        twin = twins.get(value)
        if value is not None and twin is not None:
            back = edit.before(node, "Transpose", [twin], f"{value.name}/chw", {"perm": TO_CHW})
            back.outputs[0].shape, back.outputs[0].type = value.shape, value.type
            node.replace_input_with(i, back.outputs[0])


def _share(graph: ir.Graph) -> None:
    """One Transpose for all that read the same one of a value."""
    first = dict[tuple[ir.Value | None, tuple[int, ...]], ir.Value]()
    for node in filter(is_transpose, list(graph)):
        out = node.outputs[0]
        known = first.setdefault((node.inputs[0], permutation(Node(node))), out)
        if known is not out and not out.is_graph_output():
            out.replace_all_uses_with(known)


def _wrap(edit: Editor, layer: ir.Node) -> None:
    made = _channels_last(layer)
    x, y = layer.inputs[0], layer.outputs[0]
    assert made is not None
    assert x is not None
    op, attributes = made
    name, absent = str(y.name), [None] * (3 - len(layer.inputs))
    image = edit.before(layer, "Transpose", [x], f"{x.name}/hwc", {"perm": TO_HWC})
    inputs = [image.outputs[0], *layer.inputs[1:], *absent]
    result = edit.before(layer, op, inputs, f"{name}/hwc", attributes)
    back = edit.before(layer, "Transpose", [result.outputs[0]], f"{name}/chw", {"perm": TO_CHW})
    for value, like in ((image.outputs[0], x), (result.outputs[0], y)):
        shape = static_shape(like)
        value.shape, value.type = ir.Shape([shape[i] for i in TO_HWC]), like.type
    result.name = layer.name
    edit.stand_in(y, back.outputs[0])


def _regions(graph: ir.Graph, chosen: Collection[str]) -> list[list[ir.Node]]:
    """Nodes between Transposes that images connect with a chosen layer."""
    seen, found = set[ir.Node](), []
    for first in graph:
        if str(first.name) not in chosen or first in seen:
            continue
        region, left = [], [first]
        seen.add(first)
        while left:
            node = left.pop()
            region.append(node)
            for other in _neighbours(node):
                if other not in seen and not is_transpose(other):
                    seen.add(other)
                    left.append(other)
        found.append(region)
    return found


def _neighbours(node: ir.Node) -> list[ir.Node]:
    found = [v.producer() for v in node.inputs if _is_image(v)]  # type: ignore[union-attr]
    for v in filter(_is_image, node.outputs):
        found += [user for user, _ in v.uses()]
    return [n for n in found if n is not None]


def _is_image(value: ir.Value | None) -> bool:
    return value is not None and value.shape is not None and len(value.shape) == 4


def _name(graph: ir.Graph, regions: list[list[ir.Node]]) -> None:
    names = taken(graph)
    for node in (n for region in regions for n in region):
        for v in node.outputs:
            plain = str(v.name).removesuffix("/moved")
            if _is_image(v) and not v.is_graph_output() and not plain.endswith("/hwc"):
                v.name = fresh(f"{plain}/hwc", names)


# --- what it costs ---


def _gaining(
    model: ir.Model, layers: dict[str, ir.Node], kept: Collection[str], estimate: Estimate
) -> set[str]:
    """The layers of regions that gain more than their Transposes cost."""
    chosen, before = set(layers), {name: estimate(node) for name, node in layers.items()}
    while chosen:
        trial = model.clone()
        _rewrite(trial.graph, chosen, kept)
        losers = _losers(trial.graph, before, chosen, estimate)
        if not losers:
            break
        chosen -= losers
    return chosen


def _losers(
    graph: ir.Graph, before: dict[str, float], chosen: Collection[str], estimate: Estimate
) -> set[str]:
    """The layers of regions that gain nothing."""
    found = set[str]()
    for region in _regions(graph, chosen):
        layers = [n for n in region if str(n.name) in chosen]
        gain = sum(before[str(n.name)] - estimate(n) for n in layers)
        borders = {t for n in region for t in _neighbours(n) if _copies(t)}
        if gain <= sum(map(estimate, borders)):
            found |= {str(n.name) for n in layers}
    return found


def _copies(node: ir.Node) -> bool:
    view = Node(node)
    return is_transpose(node) and not is_free(permutation(view), view.shape())
