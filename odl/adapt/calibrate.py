"""What layers see: second moments of their inputs, for methods that start from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.adapt.choose import Layer
from odl.adapt.uses import uses
from odl.errors import ModelError, UsageError
from odl.ops.node import Node, static_shape, value_dtype
from odl.ops.reference import evaluate

Array = npt.NDArray[Any]

Samples = Mapping[str, Array]
"""Arrays by the graph's inputs (`x` is the only one), samples along the first axis."""

RUNS = 64
"""At most: more samples change a covariance little."""


def calibrated(
    graph: ir.Graph, layers: Sequence[Layer], samples: Samples | None
) -> tuple[Layer, ...]:
    """The layers with their final declarations.

    Raises:
        UsageError: a method needs samples, and there are none.
        ModelError: the samples do not fit the graph.
    """
    waiting = [layer for layer in layers if layer.method.calibrated]
    if not waiting:
        return tuple(layers)
    if samples is None:
        needy = [layer.method for layer in waiting if not layer.method.does_without]
        if not needy:
            return tuple(layers)
        raise UsageError(
            f"--train {needy[0].name} starts from what the layers see",
            advice="give samples with --calibrate FILE.npz",
        )
    moments = second_moments(graph, waiting, samples)
    made: dict[ir.Value, Layer] = {}
    for part in {id(layer.part): layer.part for layer in waiting}.values():
        mine = [layer for layer in waiting if layer.part is part]
        given = [replace(layer.given, covariance=moments[layer.parameter.value]) for layer in mine]
        for layer, g, rank in zip(mine, given, mine[0].method.ranks(given), strict=True):
            chain = layer.method.declare(replace(g, rank=rank))
            made[layer.parameter.value] = replace(layer, given=g, chain=chain)
    return tuple(made.get(layer.parameter.value, layer) for layer in layers)


def second_moments(
    graph: ir.Graph, layers: Sequence[Layer], samples: Samples
) -> dict[ir.Value, Array]:
    """[groups, columns, columns] for each weight: the mean of x x^T over samples and positions."""
    wanted: dict[ir.Node, list[tuple[Layer, int, Any]]] = {}
    for layer in layers:
        for use in uses(layer.parameter.value, layer.linear) or ():
            wanted.setdefault(use.node, []).append((layer, use.group, use))
    shape = {y.parameter.value: (y.linear.groups, y.linear.columns) for y in layers}
    total = {v: np.zeros((g, n, n)) for v, (g, n) in shape.items()}
    count = {v: np.zeros(g) for v, (g, _) in shape.items()}
    inputs = [v for v in graph.inputs if not v.is_initializer()]
    runs = [(v, _runs(v, samples, len(inputs))) for v in inputs]
    for number in range(min((len(array) for _, array in runs), default=1)):
        seen = _constants(graph) | {v: array[number] for v, array in runs}
        for node in graph:
            for layer, group, use in wanted.get(node, ()):
                x = use.linear.seen(seen[node.inputs[0]])
                which = slice(None) if use.rows is None else slice(group, group + 1)
                total[layer.parameter.value][which] += x @ x.swapaxes(1, 2)
                count[layer.parameter.value][which] += x.shape[2]
            arrays = [seen[v] for v in node.inputs if v is not None]
            seen |= zip(node.outputs, _doubles(evaluate(Node(node), arrays)), strict=False)
    return {v: total[v] / np.maximum(count[v], 1)[:, None, None] for v in total}


def _constants(graph: ir.Graph) -> dict[ir.Value, Array]:
    """Among them states with their first values; floats in double precision."""
    known = [v for v in (*graph.initializers.values(), *graph.inputs) if v.const_value is not None]
    return dict(zip(known, _doubles([v.const_value.numpy() for v in known]), strict=True))  # type: ignore[union-attr]


def _runs(value: ir.Value, samples: Samples, inputs: int) -> Array:
    """What an input is in run after run, at most RUNS."""
    name, shape = str(value.name), static_shape(value)
    array = samples.get(name, samples.get("x") if inputs == 1 else None)
    if array is None:
        raise ModelError(f"no array for input '{name}'", where="--calibrate")
    rows = shape[0] if shape and array.shape[1:] == shape[1:] else 0
    if rows and array.shape[1:] != shape:
        array = array[: len(array) // rows * rows].reshape(-1, *shape)
    if array.shape[1:] != shape or not len(array):
        raise ModelError(
            f"array '{name}' has the shape {list(array.shape)}",
            where="--calibrate",
            advice=f"the input takes {list(shape)}, with the samples as first axis",
        )
    kind = value_dtype(value)
    return np.asarray(array[:RUNS], np.float64 if kind.is_float else kind.numpy)


def _doubles(arrays: Sequence[Array]) -> list[Array]:
    return [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
