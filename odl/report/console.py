"""The console: tables and facts on standard output, whatever names they carry."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from odl.errors import printable

PLAIN_WIDTH = 140
"""Columns where standard output is no terminal."""


def console(plain_width: int = PLAIN_WIDTH) -> Console:
    """Standard output; without a terminal there are no colours and a fixed width."""
    width = None if sys.stdout.isatty() else plain_width
    return Console(width=width, highlight=False, markup=False, emoji=False)


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[Any]],
    numbers: str = "",
    fail: int | None = None,
    spare: Sequence[int] = (),
    plain_width: int = PLAIN_WIDTH,
) -> None:
    """A table with one line per row.

    Args:
        numbers: letters, one per column: `r` is right-aligned, anything else left.
        fail: the column whose text, other than `ok`, is shown in red.
        spare: columns to leave out, in this order, until a narrow terminal holds the table.
        plain_width: of the table where standard output is no terminal.
    """
    texts = [[printable(cell) for cell in row] for row in rows]
    out, shown = console(plain_width), list(range(len(head)))
    unlimited = out.options.update(max_width=10_000)
    table = _table(head, texts, numbers, fail, shown)
    for column in spare:
        if out.measure(table, options=unlimited).maximum <= out.width:
            break
        shown.remove(column)
        table = _table(head, texts, numbers, fail, shown)
    out.print(table)


def _table(
    head: Sequence[str], rows: list[list[str]], numbers: str, fail: int | None, shown: list[int]
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i in shown:
        right = i < len(numbers) and numbers[i] == "r"
        table.add_column(head[i], justify="right" if right else "left", overflow="fold")
    for row in rows:
        cells = [Text(row[i], "bold red" if i == fail and row[i] != "ok" else "") for i in shown]
        table.add_row(*cells)
    return table


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Lines of a name and a value, aligned."""
    facts = list(facts)
    width = max((len(name) for name, _ in facts), default=0)
    out = console()
    for name, value in facts:
        out.print(Text(f"{name:<{width}}  {printable(value, 400)}"), soft_wrap=True)


def print_json(data: Any) -> None:
    """One JSON document; a number that JSON lacks (NaN, infinity) becomes a string."""
    print(json.dumps(_finite(data), indent=1, allow_nan=False))


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {k: _finite(v) for k, v in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(v) for v in data]
    if isinstance(data, float) and (data != data or data in (float("inf"), float("-inf"))):
        return str(data)
    return data
