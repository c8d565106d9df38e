"""Training, as it goes on and when it is done: losses, accuracy, verification, cost."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from odl.project import Project
from odl.report.console import print_facts
from odl.report.run_report import divergence, print_verdict, run_data
from odl.result import Result, Step, TrainingResult

LINE_SECONDS = 10.0
BARS = "_.-=+*#@"
TENSORS = 12
"""Of a step, that are shown: a step has hundreds."""
WIDTH = 32
"""Columns of the plot."""


def plot(losses: list[float], width: int = WIDTH) -> str:
    """The losses as marks from low to high, each the mean of some steps; a gap: none is finite."""
    size = max(1, -(-len(losses) // width))
    parts = [losses[i : i + size] for i in range(0, len(losses), size)]
    means = [_mean([v for v in part if v == v and abs(v) != float("inf")]) for part in parts]
    known = [m for m in means if m is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if m is None else BARS[round((m - low) * scale)] for m in means)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def recent(steps: list[Step], count: int = 50) -> tuple[float, float | None]:
    """Mean loss, and accuracy if there are class labels, over the last steps."""
    last = steps[-count:]
    labelled = sum(s.labelled for s in last)
    loss = sum(s.loss for s in last) / max(1, len(last))
    return loss, sum(s.correct for s in last) / labelled if labelled else None


@contextmanager
def training_progress(title: str, total: int, as_json: bool) -> Iterator[Callable[[Step], None]]:
    """A function that is told each step: JSON lines, a bar with a plot, or a line now and then."""
    if as_json:
        yield lambda step: print(json.dumps({"step": step.number, **_step(step)}), flush=True)
        return
    if not sys.stderr.isatty():
        yield _lines(title, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(),
               TextColumn("{task.fields[shown]}"))  # fmt: skip
    with Progress(*columns, console=Console(stderr=True, markup=False), transient=True) as bar:
        task, steps = bar.add_task(title, total=total, shown=""), list[Step]()

        def tell(step: Step) -> None:
            steps.append(step)
            shown = f"{_words(steps)} {plot([s.loss for s in steps])}"
            bar.update(task, completed=step.number, shown=shown)

        yield tell


def _step(step: Step) -> dict[str, Any]:
    correct = step.correct / step.labelled if step.labelled else None
    finite = step.loss == step.loss and abs(step.loss) != float("inf")
    return {"loss": step.loss if finite else None, "accuracy": correct, "skipped": step.skipped}


def _words(steps: list[Step]) -> str:
    loss, accuracy = recent(steps)
    return f"loss {loss:.4f}" + ("" if accuracy is None else f", accuracy {accuracy:.1%}")


def _lines(title: str, total: int) -> Callable[[Step], None]:
    last, steps = time.monotonic(), list[Step]()

    def tell(step: Step) -> None:
        nonlocal last
        steps.append(step)
        if step.number == total or time.monotonic() - last > LINE_SECONDS:
            last = time.monotonic()
            text = f"{title}: step {step.number} of {total}, {_words(steps)}"
            print(text, file=sys.stderr, flush=True)

    return tell


def print_training(
    project: Project, result: TrainingResult, before: Result | None, after: Result | None
) -> None:
    """Show a person what was trained; `before` and `after` are evaluations."""
    if result.verdict is not None:
        print_verdict(result.verdict, TENSORS)
    print_facts(_facts(project, result, before, after))


def _facts(
    project: Project, result: TrainingResult, before: Result | None, after: Result | None
) -> list[tuple[str, str]]:
    assert project.training is not None
    steps, n = result.steps, len(result.steps)
    first, last = recent(steps[:50]), recent(steps)
    facts = [
        ("steps", f"{n}, of which {result.skipped} skipped (loss or a gradient not finite)"),
        ("loss", f"{first[0]:.4f} over the first 50 steps, {last[0]:.4f} over the last 50"),
        ("", plot([s.loss for s in steps], 64)),
    ]
    for name, shown in (("accuracy before", before), ("accuracy after", after)):
        if shown is not None and shown.labelled:
            share = shown.correct / shown.labelled
            facts.append((name, f"{share:.1%} ({shown.correct} of {shown.labelled})"))
    state = project.training.state_bytes
    facts.append(("RAM", f"arena {project.arena_bytes:,} bytes, of which {state:,} are state"))
    unit, critical, total = project.target.counter, result.cost.critical, result.cost.total
    if critical:
        facts.append(
            (
                f"{unit} per step",
                f"{critical // n:,} on the critical path, {total // n:,} in all, "
                f"for {project.macs:,} MAC",
            )
        )
    if result.verdict is None:
        facts.append(("verified", "nothing, as asked"))
    elif result.verdict.ok:
        tensors = len(result.verdict.checks)
        facts.append(("verified", f"{tensors} tensors of {result.verified} steps, in their bounds"))
        drift = result.verdict.checks[project.training.loss].drift
        facts.append(("drift of the loss", f"{drift:.2e} from a reference that trains on its own"))
    else:
        facts.append(("FAILED", divergence(result.verdict)))
    return facts


def print_training_json(
    project: Project, result: TrainingResult, before: Result | None, after: Result | None
) -> None:
    """The last of the JSON lines."""
    n = len(result.steps)
    evaluations = {"before": before, "after": after}
    line = json.dumps(
        {
            "model": project.name,
            "target": project.target.name,
            "ok": result.ok,
            "steps": n,
            "skipped": result.skipped,
            "verified_steps": result.verified,
            "loss": recent(result.steps)[0],
            "counter": project.target.counter,
            "critical_per_step": result.cost.critical / n,
            "total_per_step": result.cost.total / n,
            **{k: run_data(project, r, 0, 0) if r else None for k, r in evaluations.items()},
        }
    )
    print(line, flush=True)
