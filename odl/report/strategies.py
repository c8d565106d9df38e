"""The strategies of --strategy; as rows and as the README's."""

from __future__ import annotations

from odl.learn import registry
from odl.report.methods import link

HEAD = ("strategy", "does", "settings", "paper")


def strategy_rows() -> list[tuple[str, ...]]:
    """A row of HEAD for each strategy, sorted by name."""
    return [(s.name, s.does, ", ".join(s.settings), s.paper) for s in registry().values()]


def markdown() -> str:
    """The table of the README."""
    lines: list[tuple[str, ...]] = [HEAD, ("---",) * len(HEAD)]
    for name, does, settings, paper in strategy_rows():
        lines.append((f"`{name}`", does, settings, link(paper)))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
