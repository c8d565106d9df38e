"""Kernels, layouts and tiles by measurement: every way is run, each node keeps its best."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx_ir as ir

from odl.build.build import build
from odl.compile import Compiled, Options, compile_graph, model_name, read_model
from odl.emit.project import write_project
from odl.plan.choices import Choices, Measured, Trial
from odl.plan.tuned_file import tuned_for
from odl.project import read
from odl.run.profile import profile_on_simulator

FORMS = 3
"""So many forms of a node are tried."""


@dataclass(frozen=True)
class Tuned:
    """The best choices and what they cost, in the target's unit, on the critical path."""

    found: Measured
    made_for: str
    default: int
    best: int
    rounds: int
    changed: int
    """Nodes for which the default is not the best."""


@dataclass
class _Best:
    cycles: float
    trial: Trial


def tune(
    path: Path, options: Options, cuts: int, tell: Callable[[str], None] = lambda text: None
) -> Tuned:
    """Measure the ways to compute each node of a model, and then the best of all together.

    Args:
        cuts: of each call, so many are tried.
        tell: is told of each round.
    """
    model, name = read_model(path), model_name(path.stem)
    best: dict[str, _Best] = {}
    tried: list[Trial] = []
    default = 0
    made_for = ""
    for trial in _trials(cuts):
        compiled = _compile(model, name, options, trial)
        if any(trial.same_as(other) for other in tried):
            continue
        tried.append(trial)
        costs = _by_node(compiled)
        if len(tried) == 1:
            default, made_for = sum(costs.values()), tuned_for(compiled.graph, options.target)
        tell(f"round {len(tried)}: {sum(costs.values()):,}")
        for node, cycles in costs.items():
            if node not in best or cycles < best[node].cycles:
                best[node] = _Best(cycles, trial)
    found = _together(best)
    measured = sum(_by_node(_compile(model, name, options, found)).values())
    changed = sum(node in b.trial.differs for node, b in best.items())
    if measured >= default:  # what is best alone need not be best beside others
        found, measured, changed = Measured({}, {}), default, 0
    return Tuned(found, made_for, default, measured, len(tried), changed)


def _trials(cuts: int) -> Iterator[Trial]:
    """Every cut of the first forms, then the first cut of the others."""
    yield from (Trial(0, cut) for cut in range(cuts))
    yield from (Trial(form, 0) for form in range(1, FORMS))


def _compile(model: ir.Model, name: str, options: Options, choices: Choices) -> Compiled:
    again = ir.serde.deserialize_model(ir.serde.serialize_model(model))
    return compile_graph(again, name, options, choices)


def _by_node(compiled: Compiled) -> dict[str, int]:
    """Cycles of one run; steps that only wait for transfers go to the node behind them."""
    with tempfile.TemporaryDirectory(prefix="odl-") as scratch:
        folder = Path(scratch) / "build"
        write_project(compiled.program, compiled.target, compiled.stages, folder, "tune")
        project = read(folder)
        costs = profile_on_simulator(project, Path(build(project).elf))
    total: dict[str, int] = defaultdict(int)
    waiting = 0
    for step, cost in zip(project.steps, costs, strict=True):
        waiting += cost.critical
        if step.node:
            total[step.node] += waiting
            waiting = 0
    return dict(total)


def _together(best: dict[str, _Best]) -> Measured:
    """Of each node, the choices of the trial in which it was cheapest."""
    forms = {n: b.trial.forms[n] for n, b in best.items() if b.trial.forms.get(n)}
    cuts = {k: v for n, b in best.items() for k, v in b.trial.cuts.get(n, {}).items()}
    return Measured(forms, cuts)
