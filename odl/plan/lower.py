"""The graph's nodes to kernel calls over named tensors that have no place yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import onnx_ir as ir

from odl import assets, dtype
from odl.errors import ModelError, Unsupported
from odl.ops import lookup
from odl.ops.node import Node, constant_value, static_shape, value_dtype
from odl.ops.operator import Operator
from odl.plan.choices import Choices
from odl.program import DIMENSIONS, ELEMENTS, Call, Tensor
from odl.target import Target

BY_ESTIMATE = Choices()


@dataclass(frozen=True)
class Lowered:
    """What the planner places: calls in order, tensors without buffers, views by their source."""

    calls: tuple[Call, ...]
    tensors: dict[str, Tensor]
    views: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    states: tuple[tuple[str, str], ...] = ()
    """Tensors that live from run to run, each with its successor."""
    presets: tuple[tuple[str, str], ...] = ()
    """Tiles that hold a constant from the start to the end, each with that."""


def lower(
    graph: ir.Graph, target: Target, states: int = 0, choices: Choices = BY_ESTIMATE
) -> Lowered:
    """Ask every node's operator for its calls.

    Args:
        states: so many of the last inputs are state, of the last outputs their successors.
        choices: which form of a node is taken.

    Raises:
        Unsupported: an operator, type or form has no kernel on this target.
        ModelError: a tensor is too large for any.
    """
    calls: list[Call] = []
    views: dict[str, str] = {}
    tensors = {t.name: t for t in map(_tensor, [*graph.inputs, *graph.initializers.values()])}
    names = {*tensors, *(str(v.name) for node in graph for v in node.outputs)}
    for ir_node in graph:
        node = Node(ir_node, names)
        operator = lookup(node)
        for i, value in enumerate(ir_node.outputs):
            if node.wants(i) or (i == 0 and value.dtype is not None):
                tensors[str(value.name)] = _tensor(value)
        source = operator.alias(node)
        if source is not None:
            origin = node.input(source).tensor
            views[node.output().tensor] = views.get(origin, origin)
            continue
        made = form(operator, node, target, choices)
        for call in made:
            _check_numbers(call, node)
        for call, macs in zip(made, _share_macs(operator.macs(node), made, node), strict=True):
            located = replace(call, node=node.name, op=node.op, macs=macs, when=node.when)
            calls.append(choose(located, target, node))
        for name, data in node.constants.items():
            kind = dtype.BY_NUMPY[data.dtype]
            tensors[name] = Tensor(name, kind, data.shape, "constant", data=data)
        for name, (kind, shape) in node.scratch.items():
            tensors[name] = _bounded(Tensor(name, kind, shape, "scratch"))
    used = {r.tensor for c in calls for r in (*c.sources, *c.refs(c.kernel.writes))}
    io = {str(v.name) for v in (*graph.inputs, *graph.outputs)}
    needed = used | io | set(views) | set(views.values())
    kept = {n: t for n, t in tensors.items() if n in needed}
    for tensor in kept.values():
        if tensor.dtype.name not in {*target.dtypes, dtype.I16.name}:  # kernels' own constants
            raise Unsupported(
                f"target {target.name} has no {tensor.dtype}",
                where=f"tensor '{tensor.name}'",
                advice=f"it has {', '.join(target.dtypes)}",
            )
        if tensor.elements == 0:
            dims = list(tensor.shape)
            raise Unsupported(f"its shape {dims} has no elements", where=f"tensor '{tensor.name}'")
    inputs = [str(v.name) for v in graph.inputs]
    outputs = [str(v.name) for v in graph.outputs]
    plain, others = len(inputs) - states, len(outputs) - states
    for name in inputs[plain:]:
        kept[name] = replace(kept[name], kind="state")
    return Lowered(
        tuple(calls),
        kept,
        views,
        tuple(inputs[:plain]),
        tuple(outputs[:others]),
        tuple(zip(inputs[plain:], outputs[others:], strict=True)),
    )


def _tensor(value: ir.Value) -> Tensor:
    data = constant_value(value)
    kind = "inner"
    if value.is_graph_input():
        kind = "input"
    elif data is not None:
        kind = "constant"
    elif value.is_graph_output():
        kind = "output"
    return _bounded(
        Tensor(str(value.name), value_dtype(value), static_shape(value), kind, data=data)
    )


def _bounded(tensor: Tensor) -> Tensor:
    """Before an operator makes tables for it, or the planner meets a size of more than 64 bits."""
    if len(tensor.shape) > DIMENSIONS:
        text = f"{len(tensor.shape)} dimensions; at most {DIMENSIONS}"
        raise Unsupported(text, where=f"tensor '{tensor.name}'")
    if tensor.elements > ELEMENTS:
        raise ModelError(f"more than {ELEMENTS} elements", where=f"tensor '{tensor.name}'")
    return tensor


def _check_numbers(call: Call, node: Node) -> None:
    """The fields of kernels.h are 32 bits wide."""
    for name, value in call.args.items():
        for n in value if isinstance(value, tuple) else (value,):
            if isinstance(n, int) and not -(2**31) <= n < 2**31:
                raise node.refuse(f"{name} {n} needs more than 32 bits")


def _share_macs(macs: int, calls: list[Call], node: Node) -> list[int]:
    """A node's work, evenly over the calls that write its outputs, not only scratch memory."""
    final = [any(r.tensor not in node.scratch for r in c.refs(c.kernel.writes)) for c in calls]
    each, rest = divmod(macs, max(sum(final), 1))
    shares = [each if is_final else 0 for is_final in final]
    shares[final.index(True)] += rest
    return shares


def form(operator: Operator, node: Node, target: Target, choices: Choices) -> list[Call]:
    """The calls of one of the forms that are there for the target's ISA; the last always is."""
    *better, last = operator.forms(node)
    ways = [way for way in better if _has_bodies(way(), target, node)]
    node.scratch.clear()
    node.constants.clear()
    return choices.form(node.name, [*ways, last])()


def _has_bodies(calls: list[Call], target: Target, node: Node) -> bool:
    return all(choose(call, target, node).isa for call in calls)


def choose(call: Call, target: Target, node: Node) -> Call:
    """The best body that firmware/kernels has for the target's ISA and the node's sums."""
    for isa in (*_bodies(target, node), ""):
        body = replace(call, isa=isa)
        if body.function not in assets.kernel_functions():
            continue
        if node.sums_in_single and body.function in assets.half_kernels():
            continue
        suffix = f"_{isa}" if isa else ""
        for stem in (f"{call.kernel.name}_{call.variant}{suffix}", f"{call.kernel.name}{suffix}"):
            if (assets.FIRMWARE / "kernels" / f"{stem}.c").is_file():
                return replace(body, file=f"{stem}.c")
    raise node.refuse(f"kernel {call.function} does not exist")


def _bodies(target: Target, node: Node) -> Iterator[str]:
    """The suffixes of the target's bodies; one that sums up halves in single stands beside them."""
    for isa in target.kernels:
        yield isa
        if node.sums_in_single:
            yield f"{isa}_single"
