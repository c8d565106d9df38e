"""Ways of learning side by side: accuracies, differences from the first, and costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odl.report.console import print_facts, print_json, print_table
from odl.report.paired import Paired, paired
from odl.result import Outcome
from odl.target import Target

WIDTH = 200


def print_compare(target: Target, found: Sequence[Outcome]) -> None:
    """Show a person two tables: what was learnt, and what it costs."""
    good = [o for o in found if not o.error]
    if good:
        _print_learnt(good)
        _print_costs(target, good)
    print_facts([(o.name, o.error) for o in found if o.error])


def _print_learnt(good: Sequence[Outcome]) -> None:
    marks = list(good[0].right)
    first, *others = list(good[0].right[marks[0]])
    head = (
        "method", "rate", *(f"{first} {n}" for n in marks), f"against {good[0].name}",
        *(f"{t} {marks[0]} to {marks[-1]}" for t in others),
    )  # fmt: skip
    rows = []
    for o in good:
        against = _told(paired_with(o, good[0])) if o is not good[0] else ""
        kept = [f"{o.accuracy(marks[0], t):.1%} to {o.accuracy(marks[-1], t):.1%}" for t in others]
        shares = [f"{o.accuracy(n, first):.1%}" for n in marks]
        rows.append((o.name, f"{o.rate:g}" if o.rate else "", *shares, against, *kept))
    print_table(head, rows, "lr" + "r" * len(marks) + "l" + "r" * len(others), plain_width=WIDTH)


def paired_with(one: Outcome, other: Outcome) -> Paired:
    """After all samples, on the first test set."""
    last = max(one.right)
    test = next(iter(one.right[last]))
    return paired(one.right[last][test], other.right[last][test])


def _told(p: Paired) -> str:
    points = tuple(100 * v for v in (p.difference, p.low, p.high))
    return "{} {:+.1f} [{:+.1f}, {:+.1f}]".format(p.verdict, *points)


def _print_costs(target: Target, good: Sequence[Outcome]) -> None:
    head = ("method", "state", "RAM", "constants", "steps", "MAC", f"{target.counter} per step")
    rows = [
        (
            o.name, f"{o.state:,}", f"{o.ram:,}", f"{o.flash:,}", f"{o.steps}", f"{o.macs:,}",
            f"{o.cost.critical:,}" if o.cost else "",
        )
        for o in good
    ]  # fmt: skip
    print_table(head, rows, "lrrrrrr", plain_width=WIDTH)


def print_compare_json(target: Target, found: Sequence[Outcome]) -> None:
    """The same as one JSON document."""
    good = [o for o in found if not o.error]
    print_json(
        {
            "target": target.name,
            "counter": target.counter,
            "outcomes": [_data(o, good[0] if good else o) for o in found],
        }
    )


def _data(o: Outcome, first: Outcome) -> dict[str, Any]:
    if o.error:
        return {"method": o.name, "error": o.error}
    p = paired_with(o, first)
    return {
        "method": o.name,
        "rate": o.rate,
        "accuracy": {
            str(n): {t: o.accuracy(n, t) for t in tests} for n, tests in o.right.items()
        },
        "against": {
            "method": first.name, "difference": p.difference, "low": p.low, "high": p.high,
            "verdict": p.verdict,
        },
        "state_bytes": o.state,
        "ram_bytes": o.ram,
        "constant_bytes": o.flash,
        "steps_per_sample": o.steps,
        "macs_per_step": o.macs,
        "critical_per_step": o.cost.critical if o.cost else None,
    }  # fmt: skip
