"""The operators: what the modules of this package define is found by itself."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any

import onnx

from odl.ops.foreign import Foreign
from odl.ops.node import Node, static_shape
from odl.ops.operator import Operator, admit


def defined() -> Iterator[Any]:
    """What the modules of this package define; of a dict or list, its items."""
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for item in vars(module).values():
            if isinstance(item, (dict, list)):
                yield from item.values() if isinstance(item, dict) else item
            elif getattr(item, "__module__", "") == module.__name__ or isinstance(item, Foreign):
                yield item


@cache
def registry() -> dict[str, Operator]:
    """Operator by name, sorted."""
    found: dict[str, Operator] = {}
    for item in defined():
        if isinstance(item, type) and issubclass(item, Operator) and hasattr(item, "op_types"):
            found.update(dict.fromkeys(item.op_types, item()))
    return dict(sorted(found.items()))


@cache
def foreigners() -> dict[str, Foreign]:
    """The operators that are made of those in `registry`, by name, sorted."""
    found = {f.op_type: f for f in defined() if isinstance(f, Foreign)}
    return dict(sorted(found.items()))


def lookup(node: Node) -> Operator:
    """The operator that compiles the node.

    Raises:
        Unsupported: there is none, or it refuses this node.
    """
    operator = registry().get(node.op)
    if operator is None:
        if onnx.defs.has(node.op) and not node.has_body:
            for i, value in enumerate(node.ir.outputs):
                if node.wants(i):
                    static_shape(value)
        known = [op for op in (*registry(), *foreigners()) if not op.startswith("ai.odl.")]
        close = difflib.get_close_matches(node.op, known, n=1)
        hint = f"nearest: {close[0]}; " if close else ""
        raise node.refuse("this operator is not supported", f"{hint}'odl ops' lists what is")
    admit(operator, node)
    return operator
