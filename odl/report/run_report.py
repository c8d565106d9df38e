"""The result of a run: each tensor against its bound, then accuracy, cost and the verdict."""

from __future__ import annotations

import math
from typing import Any

from odl.project import Project
from odl.report.console import print_facts, print_json, print_table
from odl.result import Check, Result, Verdict


def print_run(project: Project, result: Result, flash: int = 0, ram: int = 0) -> None:
    """Show the result to a person; `flash` and `ram` are the image's bytes, 0 where unknown."""
    if result.verdict is not None:
        print_verdict(result.verdict)
    print_facts(_facts(project, result, flash, ram))


def print_verdict(verdict: Verdict, most: int = 0) -> None:
    """Each tensor against its bound; of many, `most` that failed or came closest to theirs."""
    checks = list(verdict.checks.values())
    if most and len(checks) > most:
        near = sorted(checks, key=lambda c: (c.ok, -c.share))[:most]
        checks = [c for c in checks if c in near]
    print_table(
        ("tensor", "node", "shape", "max abs", "max ULP", "bound", "of bound", "drift", ""),
        [_row(c) for c in checks],
        numbers="lllrrrrr",
        fail=8,
        spare=(2, 4, 7, 1, 5),
    )


def print_run_json(project: Project, result: Result, flash: int = 0, ram: int = 0) -> None:
    """The same facts as one JSON document."""
    print_json(run_data(project, result, flash, ram))


def run_data(project: Project, result: Result, flash: int, ram: int) -> dict[str, Any]:
    """The result as plain data."""
    verdict = result.verdict
    return {
        "model": project.name,
        "target": project.target.name,
        "cores": result.cores,
        "ok": result.ok,
        "samples": result.samples,
        "labelled": result.labelled,
        "correct": result.correct,
        "accuracy": result.correct / result.labelled if result.labelled else None,
        "counter": project.target.counter,
        "critical_per_inference": result.cost.critical / result.samples,
        "total_per_inference": result.cost.total / result.samples,
        "macs": project.macs,
        "arena_bytes": project.arena_bytes,
        "ram_bytes": ram or None,
        "flash_bytes": flash or None,
        "repeated": result.repeated,
        "first_divergence": _divergence(verdict),
        "original": verdict.original if verdict and project.training is None else None,
        "tensors": [_check_data(c) for c in verdict.checks.values()] if verdict else None,
    }


def _divergence(verdict: Verdict | None) -> dict[str, Any] | None:
    if verdict is None or verdict.first is None:
        return None
    sample, tensor = verdict.first
    check = verdict.checks[tensor]
    return {"sample": sample, "tensor": tensor, "node": check.node, "op": check.op}


def divergence(verdict: Verdict) -> str:
    """Where the device first left the reference, in one phrase."""
    assert verdict.first is not None
    sample, name = verdict.first
    check = verdict.checks[name]
    at = f"{check.op} node '{check.node}'" if check.node else "the link"
    return (
        f"{at}, tensor '{name}', sample {sample}: {check.failed} elements out of bounds, "
        f"largest error {check.max_abs:.3g}, bound {check.bound:.3g}"
    )


def _check_data(check: Check) -> dict[str, Any]:
    return {**vars(check), "dtype": check.dtype.name, "shape": list(check.shape), "ok": check.ok}


def _row(c: Check) -> tuple[str, ...]:
    shape = f"{c.dtype}[{','.join(map(str, c.shape))}]"
    ties = f" ({c.ties} ties)" if c.ties else ""
    return (
        c.name,
        (c.node and f"{c.op} {c.node}") or c.op,
        shape,
        _number(c.max_abs),
        f"{c.max_ulp:.4g}",
        _number(c.bound),
        f"{c.share:.1%}" if c.share < 100 else "far out",
        _number(c.drift),
        ("ok" if c.ok else f"{c.failed} WRONG") if not ties else f"ok{ties}" if c.ok else "WRONG",
    )


def _number(value: float) -> str:
    return "0" if value == 0 else f"{value:.2e}"


def _facts(project: Project, result: Result, flash: int, ram: int) -> list[tuple[str, str]]:
    facts = []
    if result.labelled:
        share = result.correct / result.labelled
        facts.append(("accuracy", f"{share:.1%} ({result.correct} of {result.labelled})"))
    facts.append(("RAM", _ram(project, ram)))
    if flash:
        facts.append(("flash", f"{flash:,} bytes, of which {project.constant_bytes:,} constants"))
    n, unit = result.samples, project.target.counter
    critical, total = result.cost.critical // n, result.cost.total // n
    if critical:
        balance = total / (critical * result.cores)
        facts.append(
            (
                f"{unit} per inference",
                f"{critical:,} on the critical path of {result.cores} cores "
                f"({balance:.0%} busy), {total:,} in all, for {project.macs:,} MAC",
            )
        )
    if result.repeated:
        facts.append(("link", f"{result.repeated} requests were sent again"))
    if result.verdict is None:
        facts.append(("verified", "nothing, as asked"))
    elif result.verdict.ok:
        names = len(result.verdict.checks)
        facts.append(("verified", f"{names} tensors of {n} samples, all within their bounds"))
        if project.training is None:
            facts.append(("against the model", _original(project, result.verdict)))
    else:
        facts.append(("FAILED", divergence(result.verdict)))
    return facts


def _original(project: Project, verdict: Verdict) -> str:
    if not math.isfinite(verdict.original):
        return f"not compared: onnx.reference cannot run {project.source} as it is"
    return f"outputs are at most {_number(verdict.original)} from those of {project.source}"


def _ram(project: Project, ram: int) -> str:
    arena = f"arena {project.arena_bytes:,} bytes"
    ratio = project.arena_bytes / project.lower_bound if project.lower_bound else 1.0
    text = f"{arena} ({ratio:.3f} of the lower bound)"
    return f"{ram:,} bytes: {text}, the rest stacks and run time" if ram else text
