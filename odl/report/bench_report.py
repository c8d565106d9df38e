"""The benchmark's one table, how its figures are counted, and the same as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from odl.report.console import print_facts, print_json, print_table
from odl.report.profile_report import WIDTH, event_columns, event_shares, heading, percent
from odl.report.roofline import Point, roofline
from odl.result import Cost, Measurement
from odl.target import Target

MACS = (
    "useful ones: outputs times taps of a layer, as MLPerf Tiny counts them; in training those of "
    "its weight gradient and input gradient, too; zeros that a method adds are not counted"
)
MOVED = "by transfers; what kernels fetch from a slower memory themselves is among the causes"
TIME = (
    "of the critical path, all steps of a run: transfers, waiting and updates included; of "
    "networks the second run, of single kernels the eighth call in a row"
)


def bench_data(
    target: Target, found: Sequence[Measurement], sources: Mapping[str, str]
) -> dict[str, Any]:
    """The measurements as plain data."""
    return {
        "target": target.name,
        "counter": target.counter,
        "accounting": {"macs": MACS, target.counter: TIME, "moved": MOVED},
        "sources": dict(sources),
        "measurements": [_entry(target, m) for m in found],
    }


def _entry(target: Target, m: Measurement) -> dict[str, Any]:
    names = {"work": m.work, "dtype": m.dtype, "cores": m.cores}
    if m.cost is None:
        return {**names, "error": m.error}
    return {
        **names,
        "macs": m.macs,
        "critical": m.cost.critical,
        "total": m.cost.total,
        "rate": m.rate,
        "limit": m.limit or None,
        "events": dict(zip(target.events, m.cost.events, strict=True)),
        "moved": m.moved,
        "peer": m.peer or None,
    }


def print_bench_json(
    target: Target, found: Sequence[Measurement], sources: Mapping[str, str]
) -> None:
    """The same facts as one JSON document."""
    print_json(bench_data(target, found, sources))


def print_bench(target: Target, found: Sequence[Measurement], sources: Mapping[str, str]) -> None:
    """Show the measurements to a person; `sources` tell what the letters of peers' figures mean."""
    shares = [event_shares(target, m.cost) for m in found if m.cost]
    events = event_columns(shares)
    cited = {m.peer.split()[-1] for m in found if m.peer}
    first = {(m.work, m.dtype): m for m in reversed(found)}
    unit = target.counter.removesuffix("s")
    columns: list[tuple[str, Callable[[Measurement, Cost], str]]] = [
        (target.counter, lambda m, cost: f"{cost.critical:,}"),
        ("MAC", lambda m, cost: f"{m.macs:,}"),
        (f"MAC/{unit}", lambda m, cost: f"{m.rate:.2f}"),
    ]
    if any(m.limit for m in found):
        columns.append(("of limit", lambda m, cost: f"{m.rate / m.limit:.1%}" if m.limit else "-"))
    cores = {m.cores for m in found}
    if len(cores) > 1:
        columns.append(("speed-up", lambda m, cost: _speed_up(first[m.work, m.dtype], cost)))
    columns += [(heading(e), partial(_share, target, e)) for e in events]
    if any(m.moved for m in found):
        columns.append(("bytes moved", lambda m, cost: f"{m.moved:,}"))
    if cited:
        columns.append(("peer", lambda m, cost: m.peer))
    rows = [
        (m.work, m.dtype, str(m.cores), *_cells(m, [text for _, text in columns])) for m in found
    ]
    numbers = "ll" + "r" * (len(columns) + 1 - bool(cited))
    head = ["work", "dtype", "cores", *(name for name, _ in columns)]
    print_table(head, rows, numbers=numbers, plain_width=WIDTH)
    facts = [("MAC", MACS), (target.counter, TIME)]
    if len(cores) > 1:
        facts.append(("cores", f"programs for {max(cores)}, which fewer cores run as they are"))
    if events:
        said = f"what part of all cores' {target.events[0]} each takes, and the rest by cause"
        facts.append(("columns", said))
    if any(m.moved for m in found):
        facts.append(("bytes moved", MOVED))
    facts += [(f"peer {letter}", text) for letter, text in sources.items() if letter in cited]
    facts += [
        ("failed", f"{m.work}, {m.dtype}, cores {m.cores}: {m.error}") for m in found if m.error
    ]
    print_facts(facts)


def bench_roofline(target: Target, found: Sequence[Measurement]) -> str:
    """The measurements on the most cores as SVG, for a target whose limits are known."""
    assert target.limits is not None
    most = max(m.cores for m in found)
    shown = [m for m in found if m.cost and m.cores == most and m.limit]
    points = [
        Point(f"{m.work} {m.dtype}", m.dtype, m.rate, m.macs / m.moved if m.moved else None)
        for m in shown
    ]
    unit = target.counter.removesuffix("s")
    return roofline(
        f"odl on {target.name}, {most} cores",
        points,
        {m.dtype: m.limit for m in shown},
        target.limits.bytes,
        ("MAC for each byte moved between memories", f"MAC/{unit}"),
        f"{target.limits.bytes} bytes/{unit}",
    )


def _cells(m: Measurement, columns: Sequence[Callable[[Measurement, Cost], str]]) -> Iterator[str]:
    if m.cost is None:
        yield from ["failed", *[""] * (len(columns) - 1)]
        return
    for text in columns:
        yield text(m, m.cost)


def _share(target: Target, event: str, m: Measurement, cost: Cost) -> str:
    return percent(event_shares(target, cost)[event])


def _speed_up(first: Measurement, cost: Cost) -> str:
    """Against the same work on the number of cores that was asked for first."""
    return f"{first.cost.critical / cost.critical:.2f}" if first.cost and cost.critical else "-"
