"""The operators that odl compiles: types, vectors, limits; as rows and as the README's table."""

from __future__ import annotations

import re

from odl import assets
from odl import target as targets
from odl.dtype import ALL, F16, F32, I8, U8, DType
from odl.ops import foreigners, registry
from odl.program import Kernel
from odl.target import Target

HEAD = ("operator", "fp32", "fp16", "int8", "other types", "vectors", "gradient", "limits")

YES, NO = "yes", ""


def operator_rows(target: Target | None = None) -> list[tuple[str, ...]]:
    """A row of HEAD for each operator, sorted by name; on one target, or on any."""
    rows: list[tuple[str, ...]] = []
    isas = target.kernels if target is not None else _every_isa()
    for name, operator in registry().items():
        types = [d for d in operator.types(name) if target is None or d.name in target.dtypes]
        if types and not name.startswith("ai.odl."):
            vectors = _vectors(operator.bodies(name), isas)
            learns = YES if operator.learns(name) else NO
            rows.append((name, *_type_columns(types), vectors, learns, operator.note))
    rows += [(f.op_type, *[NO] * 6, f.note) for f in foreigners().values()]
    return sorted(rows)


def _type_columns(types: list[DType]) -> tuple[str, str, str, str]:
    small = [d for d in (I8, U8) if d in types]
    other = [str(d) for d in ALL if d in types and d not in (F32, F16, I8, U8)]
    return (
        YES if F32 in types else NO,
        YES if F16 in types else NO,
        YES if len(small) == 2 else ", ".join(map(str, small)),
        ", ".join(other),
    )


def _every_isa() -> tuple[str, ...]:
    loaded = map(targets.load, targets.names())
    return tuple(sorted({isa for target in loaded for isa in target.kernels}))


def _vectors(kernels: tuple[Kernel, ...], isas: tuple[str, ...]) -> str:
    """The ISAs for which one of the kernels has a body of its own."""
    names = "|".join(k.name for k in kernels)
    declared = " ".join(assets.kernel_functions())
    return ", ".join(
        isa for isa in isas if re.search(rf"\bodl_({names})(_[a-z]+\d+)+_{isa}\b", declared)
    )


def markdown() -> str:
    """The table of the README: operators that have the same types and vectors share a row."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, *columns, note in operator_rows():
        made_of_others = not any(columns) and note == "decomposed"
        key = ("as what they are made of", *columns[1:]) if made_of_others else tuple(columns)
        groups.setdefault(key, []).append(name)
    rows = sorted(groups.items(), key=lambda group: (-len(group[1]), group[1]))
    lines: list[tuple[str, ...]] = [("operators", *HEAD[1:-1]), ("---",) * (len(HEAD) - 1)]
    lines += [(", ".join(names), *columns) for columns, names in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
