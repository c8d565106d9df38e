"""Kernels, layouts and tiles by measurement: every way is run, each node keeps its best."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import onnx_ir as ir

from odl.build.build import build
from odl.compile import Compiled, Options, compile_graph, model_name, read_model
from odl.emit.project import write_project
from odl.ops.layout import BY_COST, LAYOUTS
from odl.plan.choices import Choices, Measured, Trial
from odl.plan.tuned_file import Tuning, tuned_for
from odl.project import read
from odl.run.profile import profile_on_simulator

FORMS = 3
"""So many forms of a node are tried."""


@dataclass(frozen=True)
class Tuned:
    """The best choices and what they cost, in the target's unit, on the critical path."""

    tuning: Tuning
    default: int
    best: int
    rounds: int
    changed: int
    """Nodes for which the default is not the best."""


@dataclass
class _Best:
    cycles: float
    trial: Trial


@dataclass
class _Start:
    """A layout, by estimate in all else."""

    options: Options
    made_for: str
    trial: Trial
    costs: dict[str, int]
    """By node."""

    @property
    def cycles(self) -> int:
        return sum(self.costs.values())


def tune(
    path: Path, options: Options, cuts: int, tell: Callable[[str], None] = lambda text: None
) -> Tuned:
    """Measure the layouts, then the ways to compute each node in the best one, then them together.

    Args:
        cuts: of each call, so many are tried.
        tell: is told of each round.
    """
    model, name = read_model(path), model_name(path.stem)
    starts = _layouts(model, name, options, tell)
    start = min(starts, key=lambda s: s.cycles)
    best = {node: _Best(cycles, start.trial) for node, cycles in start.costs.items()}
    tried, rounds = [start.trial], len(starts)
    for trial in _trials(cuts):
        compiled = _compile(model, name, start.options, trial)
        if any(trial.same_as(other) for other in tried):
            continue
        tried.append(trial)
        costs = _by_node(compiled)
        rounds += 1
        tell(f"round {rounds}: {sum(costs.values()):,}")
        for node, cycles in costs.items():
            if cycles < best[node].cycles:
                best[node] = _Best(cycles, trial)
    tuning = Tuning(start.made_for, start.options.layout, Measured({}, {}))
    result = Tuned(tuning, starts[0].cycles, start.cycles, rounds, 0)
    order = _by_gain(start, best)
    while order:  # what is best alone need not be best beside others
        found = _together({node: best[node] for node in order})
        cycles = sum(_by_node(_compile(model, name, start.options, found)).values())
        rounds += 1
        tell(f"round {rounds}: {cycles:,}, nodes that differ: {len(order)}")
        if cycles < result.best:
            result = replace(
                result, tuning=replace(tuning, found=found), best=cycles, changed=len(order)
            )
        order = order[: len(order) // 2]
    return replace(result, rounds=rounds)


def _by_gain(start: _Start, best: dict[str, _Best]) -> list[str]:
    """The nodes that another choice serves better, the largest gain first."""
    gains = {n: start.costs[n] - b.cycles for n, b in best.items() if n in b.trial.differs}
    return sorted(gains, key=lambda node: -gains[node])


def _layouts(
    model: ir.Model, name: str, options: Options, tell: Callable[[str], None]
) -> list[_Start]:
    """Those that make graphs of their own, the one that is asked for first."""
    wanted = LAYOUTS if options.layout == BY_COST else (options.layout,)
    starts = list[_Start]()
    for layout in wanted:
        chosen, trial = replace(options, layout=layout), Trial(0, 0)
        compiled = _compile(model, name, chosen, trial)
        made_for = tuned_for(compiled.graph, options.target)
        if all(made_for != other.made_for for other in starts):
            starts.append(_Start(chosen, made_for, trial, _by_node(compiled)))
            tell(f"round {len(starts)}: {starts[-1].cycles:,}, layout {layout}")
    return starts


def _trials(cuts: int) -> Iterator[Trial]:
    """Every cut of the first forms, then the first cut of the others; not the first of both."""
    yield from (Trial(0, cut) for cut in range(1, cuts))
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
    """Of these nodes, the choices of the trial in which each was cheapest."""
    forms = {n: b.trial.forms[n] for n, b in best.items() if b.trial.forms.get(n)}
    cuts = {k: v for n, b in best.items() for k, v in b.trial.cuts.get(n, {}).items()}
    return Measured(forms, cuts)
