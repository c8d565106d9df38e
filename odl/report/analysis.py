"""What a planned Program costs: work, constants, and the tensors that make its RAM peak."""

from __future__ import annotations

from typing import Any

from odl.program import Buffer, Call, Program
from odl.report.console import print_facts, print_table
from odl.target import Target


def analysis_data(program: Program, target: Target, single: dict[str, str]) -> dict[str, Any]:
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


def _sharing(program: Program, buffer: Buffer) -> list[str]:
    return [t.name for t in program.tensors if t.buffer == buffer.name]


def print_analysis(program: Program, target: Target, single: dict[str, str]) -> None:
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
    print_facts(facts)


def _of(size: int, capacity: int) -> str:
    return f"{size:,} of {capacity:,} bytes ({size / capacity:.1%})"
