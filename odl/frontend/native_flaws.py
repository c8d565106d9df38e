"""Forms of nodes that ONNX's shape inference in C++ does not survive: refused before it sees them.

What it merely gets wrong is left to it and to the operators.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import onnx

from odl.errors import ModelError, printable

_TERM = r"[A-Za-z]*(?:\.\.\.[A-Za-z]*)?"
_EQUATION = re.compile(rf"{_TERM}(?:,{_TERM})*(?:->{_TERM})?")
"""Numpy's grammar of Einsum, spaces taken out."""


def check_native_flaws(node: onnx.NodeProto) -> None:
    """Refuse a node of the standard whose attributes make native code loop or end the process.

    Raises:
        ModelError: naming the node and the attribute.
    """
    check = _CHECKS.get(node.op_type)
    if check is not None and node.domain in ("", "ai.onnx"):
        check(node, f"{node.op_type} node '{node.name or next(iter(node.output), '')}'")


def _einsum(node: onnx.NodeProto, where: str) -> None:
    """Any other character in an equation is looked at for ever."""
    for attribute in node.attribute:
        text = attribute.s.decode("latin-1").replace(" ", "")
        if attribute.name == "equation" and not _EQUATION.fullmatch(text):
            raise ModelError(
                f"equation '{printable(text, 60)}'",
                where=where,
                advice="letters and '...', terms between commas, at most one '->'",
            )


def _split(node: onnx.NodeProto, where: str) -> None:
    """The sizes of num_outputs parts are read for every output."""
    for attribute in node.attribute:
        if attribute.name == "num_outputs" and 0 < attribute.i < len(node.output):
            raise ModelError(
                f"num_outputs {attribute.i}, but {len(node.output)} outputs",
                where=where,
                advice="make them one number",
            )


_CHECKS: dict[str, Callable[[onnx.NodeProto, str], None]] = {"Einsum": _einsum, "Split": _split}
