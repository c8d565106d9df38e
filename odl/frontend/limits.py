"""What a model file may contain at most; checked before anything is computed from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

from odl.errors import ModelError, printable

FILE_BYTES = 256 << 20
NODES = 100_000
NESTING = 8
ELEMENTS = 1 << 28
ATTRIBUTE_BYTES = 64 << 10
NAME_BYTES = 4096


def check_limits(model: onnx.ModelProto) -> None:
    """Refuse a model whose counts alone would exhaust the host.

    Raises:
        ModelError: naming the limit and the tensor or node that passes it.
    """
    nodes = 0
    for graph, depth in _graphs(model.graph, 0):
        if depth > NESTING:
            raise ModelError(f"subgraphs nest deeper than {NESTING}", where="graph")
        nodes += len(graph.node)
        if nodes > NODES:
            raise ModelError(f"more than {NODES} nodes", where="graph")
        for node in graph.node:
            _check_node(node)
        for tensor in graph.initializer:
            _check_tensor(tensor)
        for value in (*graph.input, *graph.output, *graph.value_info):
            _check_name(value.name)
            dims = [
                d.dim_value for d in value.type.tensor_type.shape.dim if d.HasField("dim_value")
            ]
            _check_dims(dims, value.name)
    for function in model.functions:
        nodes += len(function.node)
        if nodes > NODES:
            raise ModelError(f"more than {NODES} nodes", where=f"function '{function.name}'")
        for node in function.node:
            _check_node(node)


def _graphs(graph: onnx.GraphProto, depth: int) -> Iterator[tuple[onnx.GraphProto, int]]:
    yield graph, depth
    if depth > NESTING:
        return
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _graphs(inner, depth + 1)


def _check_node(node: onnx.NodeProto) -> None:
    where = f"node '{node.name}'"
    for name in (node.name, node.op_type, node.domain, *node.input, *node.output):
        _check_name(name)
    for attribute in node.attribute:
        if len(attribute.s) > ATTRIBUTE_BYTES or sum(map(len, attribute.strings)) > ATTRIBUTE_BYTES:
            raise ModelError(f"attribute '{attribute.name}' is a string over 64 KiB", where=where)
        for tensor in (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors):
            _check_tensor(tensor)


def _check_tensor(tensor: onnx.TensorProto) -> None:
    _check_name(tensor.name)
    _check_dims(tensor.dims, tensor.name)


def _check_dims(dims: Iterable[int], name: str) -> None:
    elements = 1
    for d in dims:
        if d < 0:
            raise ModelError(f"dimension {d} is negative", where=f"tensor '{name}'")
        elements *= d
        if elements > ELEMENTS:
            raise ModelError(f"more than {ELEMENTS} elements", where=f"tensor '{name}'")


def _check_name(name: str) -> None:
    if len(name) > NAME_BYTES:
        raise ModelError(f"longer than {NAME_BYTES} bytes", where=f"name '{printable(name, 40)}'")
