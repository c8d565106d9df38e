"""What layers see: second moments of their inputs, for methods that start from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.adapt.choose import Layer
from odl.adapt.seen import Samples, constants, runs, walk
from odl.adapt.uses import uses
from odl.errors import UsageError

Array = npt.NDArray[Any]

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
    taken = {v: array[:RUNS] for v, array in runs(graph, samples, "--calibrate").items()}
    known = constants(graph)
    for number in range(min((len(array) for array in taken.values()), default=1)):
        given = {v: array[number] for v, array in taken.items()}
        for node, seen in walk(known, given, list(graph)):
            for layer, group, use in wanted.get(node, ()):
                x = use.linear.seen(seen[node.inputs[0]])  # type: ignore[index]
                which = slice(None) if use.rows is None else slice(group, group + 1)
                total[layer.parameter.value][which] += x @ x.swapaxes(1, 2)
                count[layer.parameter.value][which] += x.shape[2]
    return {v: total[v] / np.maximum(count[v], 1)[:, None, None] for v in total}
