"""Samples as a graph takes them, and what its nodes make of one, in double precision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.errors import ModelError
from odl.ops.node import Node, static_shape, value_dtype
from odl.ops.reference import evaluate

Array = npt.NDArray[Any]

Samples = Mapping[str, Array]
"""Arrays by the graph's inputs (`x` is the only one), samples along the first axis."""

Values = Mapping[ir.Value, Array]


def runs(graph: ir.Graph, samples: Samples, option: str) -> dict[ir.Value, Array]:
    """What each input of the graph is in run after run.

    Raises:
        ModelError: the samples, which `option` names, do not fit.
    """
    inputs = [v for v in graph.inputs if not v.is_initializer()]
    return {v: _runs(v, samples, len(inputs), option) for v in inputs}


def walk(
    known: Values, given: Values, nodes: Sequence[ir.Node]
) -> Iterator[tuple[ir.Node, dict[ir.Value, Array]]]:
    """Evaluate the nodes; each one, before its turn, with all values so far.

    Args:
        known: the graph's `constants`.
        given: its inputs.
    """
    seen = {**known, **given}
    for node in nodes:
        yield node, seen
        arrays = [seen[v] for v in node.inputs if v is not None]
        seen |= zip(node.outputs, _doubles(evaluate(Node(node), arrays)), strict=False)


def result(known: Values, given: Values, nodes: Sequence[ir.Node], value: ir.Value) -> Array:
    """A value, from the nodes in front of it; as for `walk`."""
    if value in given:
        return given[value]
    *_, (_, seen) = walk(known, given, nodes)
    return seen[value]


def constants(graph: ir.Graph) -> dict[ir.Value, Array]:
    """Among them states with their first values; floats in double precision."""
    known = [v for v in (*graph.initializers.values(), *graph.inputs) if v.const_value is not None]
    return dict(zip(known, _doubles([v.const_value.numpy() for v in known]), strict=True))  # type: ignore[union-attr]


def _runs(value: ir.Value, samples: Samples, inputs: int, option: str) -> Array:
    name, shape = str(value.name), static_shape(value)
    array = samples.get(name, samples.get("x") if inputs == 1 else None)
    if array is None:
        raise ModelError(f"no array for input '{name}'", where=option)
    rows = shape[0] if shape and array.shape[1:] == shape[1:] else 0
    if rows and array.shape[1:] != shape:
        array = array[: len(array) // rows * rows].reshape(-1, *shape)
    if array.shape[1:] != shape or not len(array):
        raise ModelError(
            f"array '{name}' has the shape {list(array.shape)}",
            where=option,
            advice=f"the input takes {list(shape)}, with the samples as first axis",
        )
    kind = value_dtype(value)
    return np.asarray(array, np.float64 if kind.is_float else kind.numpy)


def _doubles(arrays: Sequence[Array]) -> list[Array]:
    return [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
