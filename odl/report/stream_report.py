"""What a stream has shown: accuracies after each task, forgetting, cost."""

from __future__ import annotations

from typing import Any

from odl.project import Project
from odl.report.console import print_facts, print_json, print_table
from odl.report.run_report import divergence
from odl.result import Adaptation, Mark


def print_stream(project: Project, result: Adaptation) -> None:
    """Show a person a row for each moment at which the device was tested."""
    tests = result.tests
    several = len(tests) > 1
    head = ("samples", "after", *tests, *(["average"] if several else []))
    rows = [_row(m, tests, several) for m in result.marks]
    forgotten = [f"{result.forgotten(t):.1%}" for t in tests]
    if several:
        forgotten.append(f"{result.forgetting:.1%}")
    rows.append(("", "forgotten", *forgotten))
    print_table(head, rows, numbers="rl" + "r" * (len(tests) + 1))
    print_facts(_facts(project, result))


def _row(mark: Mark, tests: list[str], several: bool) -> tuple[str, ...]:
    shares = [f"{mark.accuracy(t):.1%}" for t in tests]
    if several:
        shares.append(f"{mark.average:.1%}")
    return (f"{mark.learnt:,}", mark.task or "nothing", *shares)


def _facts(project: Project, result: Adaptation) -> list[tuple[str, str]]:
    assert project.training is not None
    training, steps = result.training, len(result.training.steps)
    strategy = project.training.strategy or "naive"
    facts = [
        ("strategy", f"{strategy}, {project.training.rounds} steps for each sample"),
        ("steps", f"{steps}, of which {training.skipped} skipped"),
        (
            "RAM",
            f"arena {project.arena_bytes:,} bytes, of which {project.training.state_bytes:,} "
            "are state",
        ),
    ]
    if steps and training.cost.critical:
        facts.append(
            (
                f"{project.target.counter} per step",
                f"{training.cost.critical // steps:,} for {project.macs:,} MAC",
            )
        )
    if training.verdict is not None:
        tensors = f"{len(training.verdict.checks)} tensors of {training.verified} steps"
        told = f"{tensors}, in their bounds" if training.ok else divergence(training.verdict)
        facts.append(("verified" if training.ok else "FAILED", told))
    return facts


def print_stream_json(project: Project, result: Adaptation) -> None:
    """The same as one JSON document."""
    assert project.training is not None
    training, steps = result.training, len(result.training.steps)
    print_json(
        {
            "model": project.name,
            "target": project.target.name,
            "strategy": project.training.strategy or "naive",
            "ok": training.ok,
            "steps": steps,
            "skipped": training.skipped,
            "verified_steps": training.verified,
            "counter": project.target.counter,
            "critical_per_step": training.cost.critical / steps if steps else 0,
            "marks": [_mark(m) for m in result.marks],
            "forgotten": {t: result.forgotten(t) for t in result.tests},
            "forgetting": result.forgetting,
        }
    )


def _mark(mark: Mark) -> dict[str, Any]:
    shares = {t: mark.accuracy(t) for t in mark.right}
    return {"samples": mark.learnt, "task": mark.task, **shares, "average": mark.average}


def points(result: Adaptation) -> dict[str, list[tuple[int, float]]]:
    """For each test set, the samples learnt with the accuracy then."""
    return {t: [(m.learnt, m.accuracy(t)) for m in result.marks] for t in result.tests}
