"""Where a weight is used: by nodes that multiply with it, or with some of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.ops import registry
from odl.ops.linear import Linear, Woven
from odl.ops.node import Node, constant_value, static_shape
from odl.ops.reference import evaluate

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Use:
    """A node whose product this is."""

    node: ir.Node
    linear: Woven
    rows: tuple[int, int] | None
    """Of all groups' outputs, one after the other; None: all of them, stored as the node wants."""
    group: int = 0
    """The group that the rows belong to."""


def uses(value: ir.Value, linear: Linear) -> list[Use] | None:
    """All of them; None if somebody else takes the weight, or a part that is not whole rows."""
    if isinstance(linear, Woven):
        found = [_direct(u.node, u.idx) for u in value.uses()]
        return [u for u in found if u is not None] if None not in found else None
    shape = static_shape(value)
    numbers = np.broadcast_to(np.arange(shape[0] * shape[1]).reshape(*shape[:2], 1), shape)
    parts = list(_behind(value, np.ascontiguousarray(numbers, np.float64), linear))
    return [u for u in parts if u is not None] if None not in parts else None


def _direct(node: ir.Node, i: int) -> Use | None:
    view = Node(node)
    operator = registry().get(view.op)
    linear = operator.linear(view, i) if operator is not None else None
    return Use(node, linear, None) if isinstance(linear, Woven) else None


def _behind(value: ir.Value, numbers: Array, linear: Linear) -> Iterator[Use | None]:
    """Products with what constant nodes make of a weight, each of whose rows holds its number."""
    for user, i in list(value.uses()):
        direct = _direct(user, i)
        if direct is not None:
            rows = direct.linear.matrix(numbers)[0]
            first, count = int(rows[0, 0]), len(rows)
            whole = (rows == np.arange(first, first + count)[:, None]).all()
            group = first // linear.outputs
            inside = (first + count - 1) // linear.outputs == group
            yield (
                Use(user, direct.linear, (first, first + count), group)
                if (whole and inside)
                else None
            )
            continue
        given = [numbers if v is value else constant_value(v) for v in user.inputs if v is not None]
        known = [v for v in given if v is not None]
        if len(known) < len(given):
            yield None
            continue
        for out, array in zip(user.outputs, evaluate(Node(user), known), strict=False):
            yield from _behind(out, array, linear)
