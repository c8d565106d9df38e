"""The operators: every module of this package that defines an Operator is found by itself."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from odl.ops.node import Node
from odl.ops.operator import Operator, admit


@cache
def registry() -> dict[str, Operator]:
    """Operator by name, sorted."""
    found: dict[str, Operator] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for item in vars(module).values():
            is_operator = isinstance(item, type) and issubclass(item, Operator)
            if is_operator and item.__module__ == module.__name__ and hasattr(item, "op_types"):
                instance = item()
                found.update(dict.fromkeys(item.op_types, instance))
    return dict(sorted(found.items()))


def lookup(node: Node) -> Operator:
    """The operator that compiles the node.

    Raises:
        Unsupported: there is none, or it refuses this node.
    """
    operator = registry().get(node.op)
    if operator is None:
        close = difflib.get_close_matches(node.op, registry(), n=1)
        hint = f"nearest: {close[0]}; " if close else ""
        raise node.refuse("this operator is not supported", f"{hint}'odl ops' lists what is")
    admit(operator, node)
    return operator
