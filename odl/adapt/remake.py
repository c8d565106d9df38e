"""Constants that a device makes wherever they are read, from a seed, so that none stores them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.adapt.chain import Seeded
from odl.ops.backward import UNFOLDED
from odl.ops.node import static_shape

Array = npt.NDArray[Any]

MADE = "odl.made"
"""In `meta` of a constant: the attributes of the node that makes it."""


def note(value: ir.Value, numbers: Seeded, order: Array) -> None:
    """Have `remake` replace a constant.

    Args:
        order: which number of the generator each element is: theirs, or that of a transpose.
    """
    flat, width = order.ravel(), order.size
    if not (np.diff(flat) == 1).all():
        width = order.shape[-1]
    step = flat.size // width
    places = np.arange(flat.size)
    assert (flat == places % width * step + places // width).all()
    value.meta[MADE] = {
        "width": width, "step": step, "seed": numbers.seed, "scale": numbers.scale,
    }  # fmt: skip


def remake(graph: ir.Graph) -> None:
    """Each reader of such a constant gets a node of its own, which makes it just before."""
    for value in list(graph.initializers.values()):
        how = value.meta.get(MADE)
        if how is None:
            continue
        for number, (user, i) in enumerate(list(value.uses())):
            user.replace_input_with(i, _made(graph, value, how, user, number))
        del graph.initializers[str(value.name)]


def _made(
    graph: ir.Graph, value: ir.Value, how: dict[str, Any], before: ir.Node, number: int
) -> ir.Value:
    kind = value.dtype
    assert kind is not None
    shape = static_shape(value)
    name = f"{value.name}/made{number}"
    node = ir.node(
        "Seeded", [], {**how, "shape": list(shape), "to": int(kind)}, domain="ai.odl", name=name
    )
    node.meta[UNFOLDED] = True
    made = node.outputs[0]
    made.name, made.shape, made.type = name, ir.Shape(shape), ir.TensorType(kind)
    graph.insert_before(before, node)
    return made
