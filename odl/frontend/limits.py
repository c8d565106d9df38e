"""What a model file may contain at most; checked before anything is computed from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import onnx

from odl.errors import ModelError, Unsupported, printable
from odl.frontend.native_flaws import check_native_flaws
from odl.program import DIMENSIONS, ELEMENTS

FILE_BYTES = 256 << 20
"""Of the model file, and of all its external data together."""
NODES = 100_000
"""After functions are inlined: ten small functions can stand for billions of nodes."""
NESTING = 8
CALLS = 64
ATTRIBUTE_BYTES = 64 << 10
NAME_BYTES = 4096

Nodes = Iterable[onnx.NodeProto]
Key = tuple[str, str, str]


def check_limits(model: onnx.ModelProto) -> None:
    """Refuse a model whose counts alone would exhaust the host.

    Raises:
        ModelError: naming the limit and the tensor or node that passes it.
    """
    functions: dict[Key, Nodes] = {(f.domain, f.name, f.overload): f.node for f in model.functions}
    sizes: dict[Key, int] = {}
    _count(model.graph.node, functions, sizes, 0)
    for function in model.functions:
        _count(function.node, functions, sizes, 0)
        for nodes in _bodies(function.node, 0):
            for node in nodes:
                _check_node(node)
    for graph in _graphs(model.graph, 0):
        _check_graph(graph)


def _count(nodes: Nodes, functions: dict[Key, Nodes], sizes: dict[Key, int], calls: int) -> int:
    """Nodes after inlining; `sizes` remembers those of functions."""
    if calls > CALLS:
        raise ModelError(f"functions call each other deeper than {CALLS}", where="model")
    total = 0
    for body in _bodies(nodes, 0):
        for node in body:
            key = (node.domain, node.op_type, node.overload)
            if key in functions and key not in sizes:
                sizes[key] = _count(functions[key], functions, sizes, calls + 1)
            total += 1 + sizes.get(key, 0)
            if total > NODES:
                raise ModelError(f"more than {NODES} nodes", where="model")
    return total


def _bodies(nodes: Nodes, depth: int) -> Iterator[Nodes]:
    """The nodes, and those of every subgraph in them."""
    yield nodes
    for graph in _inner(nodes):
        yield from (g.node for g in _graphs(graph, depth + 1))


def _graphs(graph: onnx.GraphProto, depth: int) -> Iterator[onnx.GraphProto]:
    if depth > NESTING:
        raise ModelError(f"subgraphs nest deeper than {NESTING}", where="model")
    yield graph
    for inner in _inner(graph.node):
        yield from _graphs(inner, depth + 1)


def _inner(nodes: Nodes) -> Iterator[onnx.GraphProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield attribute.g
            yield from attribute.graphs


def _check_graph(graph: onnx.GraphProto) -> None:
    for sparse in graph.sparse_initializer:
        raise Unsupported(
            "sparse initializers are not supported",
            where=f"tensor '{sparse.values.name}'",
            advice="store it densely",
        )
    for node in graph.node:
        _check_node(node)
        for attribute in node.attribute:
            if attribute.ref_attr_name:
                raise ModelError(
                    f"attribute '{attribute.name}' refers to one of a function that is not there",
                    where=f"node '{node.name}'",
                )
    for tensor in graph.initializer:
        _check_tensor(tensor)
    for value in (*graph.input, *graph.output, *graph.value_info):
        _check_name(value.name)
        dims = [d.dim_value for d in value.type.tensor_type.shape.dim if d.HasField("dim_value")]
        _check_dims(dims, value.name)


def _check_node(node: onnx.NodeProto) -> None:
    for name in (node.name, node.op_type, node.domain, *node.input, *node.output):
        _check_name(name)
    where = f"node '{node.name}'"
    for attribute in node.attribute:
        if len(attribute.s) > ATTRIBUTE_BYTES or sum(map(len, attribute.strings)) > ATTRIBUTE_BYTES:
            raise ModelError(f"attribute '{attribute.name}' is a string over 64 KiB", where=where)
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            raise Unsupported(f"attribute '{attribute.name}' is a sparse tensor", where=where)
        for tensor in (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors):
            _check_tensor(tensor)
    check_native_flaws(node)


def _check_tensor(tensor: onnx.TensorProto) -> None:
    _check_name(tensor.name)
    _check_dims(tensor.dims, tensor.name)


def _check_dims(dims: Sequence[int], name: str) -> None:
    if len(dims) > DIMENSIONS:
        text = f"{len(dims)} dimensions; at most {DIMENSIONS}"
        raise ModelError(text, where=f"tensor '{name}'")
    elements = 1
    for d in dims:
        if d < 0:
            raise ModelError(f"dimension {d} is negative", where=f"tensor '{name}'")
        elements *= d
        if elements > ELEMENTS:
            raise ModelError(f"more than {ELEMENTS} elements", where=f"tensor '{name}'")


def _check_name(name: str | bytes) -> None:
    if isinstance(name, bytes):  # what protobuf makes of a string that is not UTF-8
        raise ModelError("not in UTF-8", where=f"name {printable(name, 40)}")
    if len(name.encode()) > NAME_BYTES:
        raise ModelError(f"longer than {NAME_BYTES} bytes", where=f"name '{printable(name, 40)}'")
