"""The operators that odl compiles, with their types and limits."""

from __future__ import annotations

from odl.ops import foreigners, registry
from odl.target import Target

HEAD = ("operator", "types", "attributes", "limits")


def operator_rows(target: Target) -> list[tuple[str, ...]]:
    """A row of HEAD for each operator that has a type which the target has, sorted by name."""
    rows = []
    for name, operator in registry().items():
        types = [d.name for d in operator.dtypes if d.name in target.dtypes]
        if types:
            rows.append((name, ", ".join(types), ", ".join(operator.attributes), operator.note))
    rows += [
        (name, "as what it becomes", ", ".join(f.attributes), f.note)
        for name, f in foreigners().items()
    ]
    return sorted(rows)
