"""Nodes that add up halves in single precision get that mark, by which the planner chooses."""

from __future__ import annotations

from fnmatch import fnmatchcase

import onnx_ir as ir

from odl.errors import UsageError, printable
from odl.ops.node import SUMS

DEFAULT = "fp16"


def choose_sums(model: ir.Model, sums: str) -> ir.Model:
    """Mark the nodes of `fp32:PATTERN,...`; those of `fp32` are all, and of `fp16` none.

    Raises:
        UsageError: it says something else, or a pattern is the name of no node.
    """
    kind, _, rest = sums.partition(":")
    if sums == DEFAULT:
        return model
    if kind != "fp32" or (":" in sums and not all(rest.split(","))):
        raise UsageError(f"--sums {printable(sums)}", advice="fp16, fp32 or fp32:PATTERN,...")
    for pattern in rest.split(",") if rest else ["*"]:
        found = [node for node in model.graph if fnmatchcase(str(node.name), pattern)]
        if not found:
            raise UsageError(
                f"--sums {printable(sums)}: no node is called {printable(pattern)}",
                advice="'odl profile' lists the nodes of a build folder",
            )
        for node in found:
            node.metadata_props[SUMS] = kind
    return model
