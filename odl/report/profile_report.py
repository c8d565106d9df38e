"""Where the time of a program goes: a row for each node's kernel, with its stalls by cause."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from odl.project import Project, StepInfo
from odl.report.console import print_facts, print_json, print_table
from odl.result import Cost
from odl.target import Target

WIDTH = 220
"""Columns where standard output is no terminal: the table is wide."""


@dataclass(frozen=True)
class Row:
    """Steps in a row that do the same for one node, such as the tiles of a product."""

    first: int
    last: int
    step: StepInfo
    macs: int
    moved: int
    cost: Cost

    @property
    def numbers(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def event_shares(target: Target, cost: Cost) -> dict[str, float]:
    """What part of the cores' time each event took, by its name; without the whole."""
    whole = max(1, cost.events[0]) if cost.events else 1
    pairs = zip(target.events[1:], cost.events[1:], strict=True)
    return {name: count / whole for name, count in pairs}


def event_columns(shares: Sequence[dict[str, float]]) -> list[str]:
    """The events that at least one row shows as more than nothing."""
    names = shares[0] if shares else {}
    return [n for n in names if any(percent(s[n]) != percent(0) for s in shares)]


def percent(share: float) -> str:
    return f"{share:.0%}"


def heading(event: str) -> str:
    """An event's name, a word a line."""
    return event.replace("_", "\n")


def per_count(macs: int, cost: Cost) -> str:
    """Multiply-accumulates in one count of the critical path."""
    return f"{macs / cost.critical:.2f}" if cost.critical and macs else "-"


def profile_rows(project: Project, costs: Sequence[Cost]) -> list[Row]:
    """The steps' costs, those of one node's kernel together."""
    rows = []
    for _, group in itertools.groupby(
        enumerate(zip(project.steps, costs, strict=True)),
        lambda numbered: (numbered[1][0].node, numbered[1][0].op, numbered[1][0].function),
    ):
        members = list(group)
        steps = [step for _, (step, _) in members]
        cost = reduce(add, (cost for _, (_, cost) in members))
        macs, moved = sum(s.macs for s in steps), sum(s.moved for s in steps)
        rows.append(Row(members[0][0], members[-1][0], steps[0], macs, moved, cost))
    return rows


def profile_data(project: Project, costs: Sequence[Cost], cores: int) -> dict[str, Any]:
    """The costs as plain data, one entry for each step."""
    target, whole = project.target, reduce(add, costs)
    return {
        "model": project.name,
        "target": target.name,
        "cores": cores or project.cores,
        "counter": target.counter,
        "training": project.training is not None,
        "macs": project.macs,
        "moved": sum(s.moved for s in project.steps),
        **_cost_data(target, whole),
        "steps": [
            {
                "step": i,
                "node": step.node,
                "op": step.op,
                "kernel": step.function,
                "macs": step.macs,
                "moved": step.moved,
                **_cost_data(target, cost),
            }
            for i, (step, cost) in enumerate(zip(project.steps, costs, strict=True))
        ],
    }


def _cost_data(target: Target, cost: Cost) -> dict[str, Any]:
    events = dict(zip(target.events, cost.events, strict=True))
    return {"critical": cost.critical, "total": cost.total, "events": events}


def print_profile_json(project: Project, costs: Sequence[Cost], cores: int) -> None:
    """The same facts as one JSON document."""
    print_json(profile_data(project, costs, cores))


def print_profile(project: Project, costs: Sequence[Cost], cores: int, top: int = 0) -> None:
    """Show the costs to a person: all rows in order, or the `top` costliest, costliest first."""
    target, whole = project.target, reduce(add, costs)
    rows = profile_rows(project, costs)
    shown = sorted(rows, key=lambda r: -r.cost.critical)[:top] if top else rows
    moved = sum(r.moved for r in rows)
    total = Row(0, len(costs) - 1, StepInfo("total", "", "", 0), project.macs, moved, whole)
    lines = [(r.numbers, r) for r in shown]
    if left := [r for r in rows if r not in shown]:
        lines.append(("", _others(left)))
    lines.append(("", total))
    events = event_columns([event_shares(target, r.cost) for _, r in lines])
    unit = target.counter.removesuffix("s")
    head = ["step", "node", "operator", "kernel", "MAC", target.counter, f"MAC/{unit}", "share"]
    head += [heading(e) for e in events] + (["bytes moved"] if moved else [])
    print_table(
        head,
        [list(_cells(target, number, row, whole, events, moved)) for number, row in lines],
        numbers="rlll" + "r" * (len(head) - 4),
        spare=(3, 2),
        plain_width=WIDTH,
    )
    what = "a training step" if project.training else "an inference"
    facts = [("program", f"{project.name} for {target.name}, {what}")]
    facts.append(("cores", f"{cores or project.cores} of {project.cores}"))
    if events:
        said = f"of all cores' {target.events[0]} each takes, and the rest by cause"
        facts.append(("columns", f"what part {said}; those with nothing to show are left out"))
    print_facts(facts)


def _others(rows: list[Row]) -> Row:
    macs, moved = sum(r.macs for r in rows), sum(r.moved for r in rows)
    step = StepInfo(f"{len(rows)} others", "", "", 0)
    return Row(0, 0, step, macs, moved, reduce(add, (r.cost for r in rows)))


def _cells(
    target: Target, number: str, row: Row, whole: Cost, events: list[str], moved: int
) -> Iterator[str]:
    shares = event_shares(target, row.cost)
    yield from (number, row.step.node, row.step.op, row.step.function)
    yield from (f"{row.macs:,}" if row.macs else "-", f"{row.cost.critical:,}")
    yield from (per_count(row.macs, row.cost), f"{row.cost.critical / max(1, whole.critical):.1%}")
    yield from (percent(shares[e]) for e in events)
    if moved:
        yield f"{row.moved:,}"
