"""Give every node and value a name of its own; the model's names stay."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import NameFixPass


def name_all(model: ir.Model) -> ir.Model:
    """Reports, C comments and the link speak in names, so none may be missing or double."""
    NameFixPass()(model)
    return model


def taken(graph: ir.Graph) -> set[str]:
    """Names of the graph's values."""
    return {str(name) for name in ir.convenience.create_value_mapping(graph)}


def fresh(name: str, names: set[str]) -> str:
    """The name, or with a number where it is taken; it is taken from now on."""
    chosen, n = name, 2
    while chosen in names:
        chosen, n = f"{name}_{n}", n + 1
    names.add(chosen)
    return chosen
