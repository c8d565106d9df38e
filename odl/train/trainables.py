"""Which weights are trained: what the user writes behind --train, against the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import onnx_ir as ir

from odl.errors import UsageError, printable
from odl.ops import lookup
from odl.ops.node import Node, constant_value, value_dtype
from odl.ops.operator import ROLE


@dataclass(frozen=True)
class Parameter:
    """A constant of the graph that training may change."""

    value: ir.Value
    role: str
    """weight, bias or norm."""
    layer: str
    """The node that takes it."""
    depth: int
    """The number of that node among those that have parameters, from the input on."""


def parameters(graph: ir.Graph) -> list[Parameter]:
    """All of them, each once, in the order of the nodes that take them first."""
    found: dict[ir.Value, Parameter] = {}
    depths: dict[str, int] = {}
    for ir_node in graph:
        node = Node(ir_node)
        roles = lookup(node).trainables(node)
        for i, value in enumerate(ir_node.inputs):
            if value is None or value in found or constant_value(value) is None:
                continue
            role, layer = value.meta.get(ROLE, (roles.get(i, ""), node.name))
            if role and value_dtype(value).is_float:
                depth = depths.setdefault(layer, len(depths))
                found[value] = Parameter(value, role, layer, depth)
    return list(found.values())


Choice = Callable[[Parameter, int], bool]
"""Whether a parameter is trained, given how many layers have any."""


def _last(text: str) -> Choice:
    try:
        n = int(text)
    except ValueError:
        n = 0
    if n < 1:
        raise UsageError(f"--train last:{text}", advice="last:N with N from 1")
    return lambda p, layers: p.depth >= layers - n


def _layers(text: str) -> Choice:
    patterns = text.split(",")

    def matches(p: Parameter, layers: int) -> bool:
        names = (p.layer, str(p.value.name))
        return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    return matches


def _choice(text: str) -> Choice:
    kind, _, rest = text.partition(":")
    if text.startswith("layers="):
        return _layers(text.removeprefix("layers="))
    if kind == "last":
        return _last(rest)
    plain: dict[str, Choice] = {
        "full": lambda p, layers: True,
        "bias": lambda p, layers: p.role == "bias",
        "norm": lambda p, layers: p.role == "norm",
    }
    if text not in plain:
        raise UsageError(
            f"--train {printable(text)}", advice="full, last:N, bias, norm or layers=PATTERN,..."
        )
    return plain[text]


def choose_trainables(graph: ir.Graph, text: str) -> list[ir.Value]:
    """The values that `text` (full, last:N, bias, norm or layers=PATTERN,...) means.

    Raises:
        UsageError: it means nothing, or none of this model's.
    """
    choice, all_of_them = _choice(text), parameters(graph)
    layers = len({p.depth for p in all_of_them})
    chosen = [p.value for p in all_of_them if choice(p, layers)]
    if not chosen:
        names = ", ".join(printable(f"{p.layer} ({p.role})") for p in all_of_them[:6])
        more = ", ..." if len(all_of_them) > 6 else ""
        raise UsageError(
            f"--train {printable(text)} chooses none of the model's parameters",
            advice=f"it has {names}{more}" if names else "it has none",
        )
    return chosen
