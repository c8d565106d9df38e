"""What a planned Program costs: work, constants, and the tensors that make its RAM peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from odl.plan.recompute import Trade
from odl.program import Buffer, Call, Program
from odl.report.console import print_facts, print_table
from odl.target import Target


def analysis_data(
    program: Program, target: Target, single: dict[str, str], trade: Sequence[Trade] = ()
) -> dict[str, Any]:
    """The costs as plain data, in bytes and multiply-accumulates."""
    step, peak = program.peak
    return {
        "model": program.name,
        "target": target.name,
        "cores": program.cores,
        "macs": program.macs,
        "parameters": program.parameters,
        "flash": {"constants": program.constant_bytes, "capacity": target.flash},
        "ram": {
            "arenas": program.arenas,
            "capacity": {m.name: m.bytes for m in target.memories},
            "lower_bound": program.lower_bound,
            "plan_ratio": program.plan_ratio,
            "planner": program.planner,
            "peak_step": step,
            "peak": [{"tensors": _sharing(program, b), "bytes": b.size} for b in peak],
        },
        "single_precision": single,
        "stored": _stored(program),
        "trade": [asdict(t) for t in trade],
        "steps": [_step_data(program, i, c) for i, c in enumerate(program.calls)],
    }


def _step_data(program: Program, number: int, call: Call) -> dict[str, Any]:
    live = sum(b.size for b in program.buffers if b.first <= number <= b.last)
    return {
        "step": number,
        "node": call.node,
        "op": call.op,
        "kernel": call.function,
        "output": str(program.tensor[next(call.refs(call.kernel.writes)).tensor]),
        "macs": call.macs,
        "constants": _constant_bytes(program, call),
        "live": live,
    }


def _constant_bytes(program: Program, call: Call) -> int:
    names = {r.tensor for r in call.refs(call.kernel.reads)}
    return sum(t.nbytes for t in map(program.tensor.__getitem__, names) if t.data is not None)


def _stored(program: Program) -> list[dict[str, Any]]:
    """Results of a training step's forward part that wait for its backward part."""
    if program.training is None:
        return []
    half, kept = program.training.forward, {s.tensor for s in program.states}
    found = []
    for buffer in program.buffers:
        names = _sharing(program, buffer)
        if buffer.first < half <= buffer.last and not kept & set(names):
            node = program.calls[buffer.first].node if names[0] not in program.inputs else "input"
            found.append({"node": node, "tensors": names, "bytes": buffer.size})
    return found


def _sharing(program: Program, buffer: Buffer) -> list[str]:
    return [t.name for t in program.tensors if t.buffer == buffer.name]


def print_analysis(
    program: Program, target: Target, single: dict[str, str], trade: Sequence[Trade] = ()
) -> None:
    """Show the costs to a person; `single` tells why tensors are not in half precision."""
    data = analysis_data(program, target, single)
    rows = [
        (
            s["step"],
            f"{s['op']} {s['node']}",
            s["kernel"],
            s["output"],
            f"{s['macs']:,}",
            f"{s['constants']:,}",
            f"{s['live']:,}",
        )
        for s in data["steps"]
    ]
    print_table(
        ("step", "node", "kernel", "output", "MAC", "constants", "live bytes"),
        rows,
        numbers="rlllrrr",
        spare=(2, 5, 3),
    )
    if single:
        print_table(("in single precision", "why"), list(single.items()))
    stored = data["stored"]
    if stored:
        waiting = [(s["node"], ", ".join(s["tensors"]), f"{s['bytes']:,}") for s in stored]
        print_table(("stored by", "for the backward pass", "bytes"), waiting, numbers="llr")
    facts = [
        ("model", f"{program.name} for {target.name}, {program.cores} cores"),
        ("work", f"{program.macs:,} MAC in {len(program.calls)} steps"),
        ("parameters", f"{program.parameters:,}"),
        (
            "flash",
            f"{_of(program.constant_bytes, target.flash)} for constants; "
            "'odl build' tells what the code adds",
        ),
    ]
    capacity = {m.name: m.bytes for m in target.memories}
    for memory, size in program.arenas.items():
        ratio = f"{program.plan_ratio:.3f} of the lower bound, {program.planner}"
        facts.append((f"RAM ({memory})", f"{_of(size, capacity[memory])} for tensors; {ratio}"))
    step, peak = program.peak
    facts.append(("RAM peak", f"step {step}, made by"))
    facts += [("", f"{b.size:>10,} bytes: {', '.join(_sharing(program, b))}") for b in peak]
    facts += _trade_facts(program, trade)
    print_facts(facts)


def _trade_facts(program: Program, trade: Sequence[Trade]) -> list[tuple[str, str]]:
    """One line for each peak that --ram can reach."""
    lines, seen = [], {program.lower_bound}
    for t in trade:
        if t.peak not in seen:
            seen.add(t.peak)
            more = f"{t.macs:,} MAC more ({t.macs / max(1, program.macs):.1%})"
            lines.append(f"{t.peak:>10,} bytes: {more}")
    if not lines:
        return []
    return [("with --ram", "results computed twice"), *(("", line) for line in lines)]


def _of(size: int, capacity: int) -> str:
    return f"{size:,} of {capacity:,} bytes ({size / capacity:.1%})"
