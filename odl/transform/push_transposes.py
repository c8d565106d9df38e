"""Move Transposes down through operators that do not mind, so that they meet and cancel."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.ops import registry
from odl.ops.layout import Moved, Perm, inverse, is_free
from odl.ops.node import Node, constant_value, static_shape
from odl.ops.reference import evaluate
from odl.ops.transpose import permutation
from odl.transform.merge_transposes import (
    is_transpose,
    merge_transpose,
    transpose_of,
)
from odl.transform.name_all import fresh, taken


def push_transposes(model: ir.Model) -> ir.Model:
    """N(T(x)) becomes T'(N'(x)) wherever N's operator can say what N' is.

    A Transpose that ends before a Reshape to rows becomes an order of the rows' elements, and that
    one of the next product's constant weights. The graph stays as it was unless the Transposes
    that are left copy fewer elements than before.
    """
    if not any(map(is_transpose, model.graph)):
        return model
    trial = model.clone()
    _push_all(trial.graph)
    if _copied(trial.graph) < _copied(model.graph):
        _push_all(model.graph)
    return model


def _push_all(graph: ir.Graph) -> None:
    names = taken(graph)
    heirs = {t.inputs[0]: str(t.outputs[0].name) for t in graph if is_transpose(t)}
    for node in list(graph):
        if node.graph is None:
            continue
        if is_transpose(node):
            merge_transpose(graph, node)
        elif not _reorder(graph, node, names):
            heirs.update(push_transpose(graph, node, names))
    for node in reversed(list(graph)):
        out = node.outputs[0]
        if is_transpose(node) and not out.uses() and not out.is_graph_output():
            graph.remove(node, safe=True)
    _inherit(graph, heirs)


def _inherit(graph: ir.Graph, heirs: dict[ir.Value | None, str]) -> None:
    """A value `name/suffix` takes the name of a Transpose of it that is gone."""
    left = taken(graph)
    for value, name in heirs.items():
        node = value.producer() if value is not None else None
        if value is None or node is None or node.graph is None or name in left:
            continue
        if str(value.name).startswith(f"{name}/"):
            node.name = name if node.name == value.name else node.name
            value.name = name
            left.add(name)


def _copied(graph: ir.Graph) -> tuple[int, int]:
    """Elements that Transposes copy, and Transposes."""
    left = [n for n in graph if is_transpose(n)]
    moving = [n for n in left if not is_free(permutation(Node(n)), Node(n).shape())]
    return sum(Node(n).size() for n in moving), len(left)


# --- through one node ---


def push_transpose(
    graph: ir.Graph, ir_node: ir.Node, names: set[str]
) -> dict[ir.Value | None, str]:
    """Replace the node by one that takes its operands before their Transpose.

    Returns:
        its outputs, which may inherit these names.
    """
    perms = {permutation(Node(t)) for t in map(transpose_of, ir_node.inputs) if t is not None}
    node = Node(ir_node)
    operator = registry().get(node.op)
    if len(perms) != 1 or operator is None:
        return {}
    perm = perms.pop()
    moved = operator.move(node, perm)
    if moved is None or not all(_can_move(ir_node.inputs[i], perm) for i in moved.inputs):
        return {}
    if not any(transpose_of(ir_node.inputs[i]) for i in moved.inputs):
        return {}
    name = str(ir_node.outputs[0].name)
    inputs = list(ir_node.inputs)
    for i in moved.inputs:
        inputs[i] = _before(graph, ir_node, inputs[i], perm, names)
    for i, array in moved.constants.items():
        inputs[i] = _constant(graph, fresh(f"{name}/operand{i}", names), array)
    attributes = {k: v for k, v in ir_node.attributes.items() if k not in moved.attributes}
    attributes.update({k: _attribute(k, v) for k, v in moved.attributes.items()})
    new = ir.Node(
        ir_node.domain,
        ir_node.op_type,
        inputs,
        list(attributes.values()),
        num_outputs=len(ir_node.outputs),
        name=ir_node.name,
        metadata_props=dict(ir_node.metadata_props),
    )
    graph.insert_before(ir_node, new)
    kept: dict[ir.Value | None, str] = {
        made: str(old.name) for old, made in zip(ir_node.outputs, new.outputs, strict=True)
    }
    for old, made in zip(ir_node.outputs, new.outputs, strict=True):
        _hand_over(graph, ir_node, old, made, moved, names)
    graph.remove(ir_node, safe=True)
    return kept


def _attribute(name: str, value: int | list[int]) -> ir.Attr:
    return ir.AttrInt64(name, value) if isinstance(value, int) else ir.AttrInt64s(name, value)


def _can_move(value: ir.Value | None, perm: Perm) -> bool:
    """Whether the operand has a form before the Transpose that costs nothing."""
    if value is None:
        return True
    if transpose_of(value) is not None or constant_value(value) is not None:
        return len(static_shape(value)) <= len(perm)
    shape = static_shape(value)
    return _is_single(shape, perm) or (len(shape) == len(perm) and is_free(inverse(perm), shape))


def _is_single(shape: tuple[int, ...], perm: Perm) -> bool:
    """One element, broadcast over axes of whatever order."""
    return math.prod(shape) == 1 and len(shape) <= len(perm)


def _before(
    graph: ir.Graph, user: ir.Node, value: ir.Value | None, perm: Perm, names: set[str]
) -> ir.Value | None:
    """The operand as it is before the Transpose by `perm`."""
    made = transpose_of(value)
    if value is None or made is not None:
        return made.inputs[0] if made is not None else None
    shape = static_shape(value)
    if _is_single(shape, perm):
        return value
    array = constant_value(value)
    back = inverse(perm)
    if array is not None:
        whole = array.reshape((1,) * (len(perm) - array.ndim) + array.shape)
        return _constant(graph, fresh(f"{value.name}/moved", names), whole.transpose(back))
    node = ir.node("Transpose", [value], attributes={"perm": list(back)})
    _describe(node.outputs[0], value, tuple(shape[i] for i in back))
    node.name = node.outputs[0].name = fresh(f"{value.name}/moved", names)
    graph.insert_before(user, node)
    return node.outputs[0]


def _hand_over(
    graph: ir.Graph, at: ir.Node, old: ir.Value, made: ir.Value, moved: Moved, names: set[str]
) -> None:
    """`made`, transposed where that is needed, stands for `old` under its name."""
    name, shape = str(old.name), static_shape(old)
    old.name = f"{name}/replaced"
    back = inverse(moved.perm)
    _describe(made, old, tuple(shape[i] for i in back))
    last = made
    if moved.perm != tuple(range(len(moved.perm))):
        made.name = fresh(f"{name}/moved", names)
        transpose = ir.node("Transpose", [made], attributes={"perm": list(moved.perm)}, name=name)
        last = transpose.outputs[0]
        _describe(last, old, shape)
        graph.insert_before(at, transpose)
    last.name = name
    old.replace_all_uses_with(last, replace_graph_outputs=True)


def _describe(value: ir.Value, like: ir.Value, shape: tuple[int, ...]) -> None:
    value.shape, value.type = ir.Shape(shape), like.type


def _constant(graph: ir.Graph, name: str, array: npt.NDArray[np.generic]) -> ir.Value:
    dense = np.ascontiguousarray(array).reshape(array.shape)
    value = ir.Value(name=name, const_value=ir.tensor(dense, name=name))
    value.shape = ir.Shape(array.shape)
    value.type = ir.TensorType(value.const_value.dtype)  # type: ignore[union-attr]
    graph.register_initializer(value)
    return value


# --- into the weights behind a Reshape to rows ---


def _reorder(graph: ir.Graph, reshape: ir.Node, names: set[str]) -> bool:
    """Reshape(T(x)) to rows is Reshape(x) with the rows' elements in another order."""
    transpose = transpose_of(reshape.inputs[0]) if reshape.inputs else None
    operator = registry().get(Node(reshape).op)
    if transpose is None or operator is None or operator.alias(Node(reshape)) != 0:
        return False
    source, perm = transpose.inputs[0], permutation(Node(transpose))
    shape, out = Node(transpose).shape(), static_shape(reshape.outputs[0])
    if source is None or is_free(perm, shape) or perm[0] != 0 or len(out) != 2 != len(shape):
        return False
    if out[0] != shape[0]:
        return False
    inner = [p - 1 for p in perm[1:]]
    order = np.arange(out[1]).reshape(shape[1:]).transpose(inner).ravel()
    back = np.argsort(order)
    followers = _absorber(reshape.outputs[0])
    if followers is None:
        return False
    user, i, axis = followers
    operand = _taken(graph, user.inputs[i], back, axis, names)
    if operand is None:
        return False
    user.replace_input_with(i, operand)
    old, name = reshape.outputs[0], str(reshape.outputs[0].name)
    rows = _constant(graph, fresh(f"{name}/shape", names), np.array(out, np.int64))
    new = ir.node("Reshape", [source, rows], name=reshape.name)
    _describe(new.outputs[0], old, out)
    graph.insert_before(reshape, new)
    old.replace_all_uses_with(new.outputs[0])
    old.name, new.outputs[0].name = f"{name}/replaced", name
    graph.remove(reshape, safe=True)
    return True


def _absorber(value: ir.Value) -> tuple[ir.Node, int, int] | None:
    """The product that reads the rows, maybe behind elementwise nodes; its operand and the axis."""
    while len(value.uses()) == 1 and not value.is_graph_output():
        ((user, i),) = value.uses()
        operator, node = registry().get(Node(user).op), Node(user)
        if operator is None:
            return None
        follows = operator.reorderable(node).get(i)
        if follows is not None:
            return user, *follows
        others = [v for k, v in enumerate(user.inputs) if v is not None and k != i]
        if not operator.elementwise or any(math.prod(static_shape(v)) != 1 for v in others):
            return None
        value = user.outputs[0]
    return None


def _taken(
    graph: ir.Graph, value: ir.Value | None, back: npt.NDArray[np.int64], axis: int, names: set[str]
) -> ir.Value | None:
    """A constant, or what one node makes of constants, with its elements along `axis` reordered."""
    if value is None:
        return None
    array = constant_value(value)
    if array is not None:
        name = fresh(f"{value.name}/reordered", names)
        return _constant(graph, name, np.take(array, back, axis))
    made = value.producer()
    known = [constant_value(v) for v in made.inputs if v is not None] if made is not None else []
    arrays = [a for a in known if a is not None]
    if made is None or not arrays or len(arrays) < len(known) or arrays[0].ndim <= axis:
        return None
    if arrays[0].shape != static_shape(value) or len(made.outputs) != 1:
        return None
    after = [np.take(arrays[0], back, axis), *arrays[1:]]
    want = np.take(evaluate(Node(made), arrays)[0], back, axis)
    if not np.array_equal(evaluate(Node(made), after)[0], want):
        return None
    name = fresh(f"{made.inputs[0].name}/reordered", names)  # type: ignore[union-attr]
    first = _constant(graph, name, after[0])
    copy = ir.Node(
        made.domain,
        made.op_type,
        [first, *made.inputs[1:]],
        list(made.attributes.values()),
        name=fresh(f"{made.name}/reordered", names),
    )
    _describe(copy.outputs[0], value, static_shape(value))
    copy.outputs[0].name = copy.name
    graph.insert_before(made, copy)
    return copy.outputs[0]
