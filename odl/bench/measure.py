"""A work on a target: compiled, built, run step by step on each number of cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from pathlib import Path

import onnx_ir as ir

from odl.bench.works import Work, peer
from odl.build.build import build
from odl.compile import Options, compile_graph, model_name
from odl.emit.project import write_project
from odl.errors import OdlError
from odl.plan.plan import check_fit
from odl.project import Project, read
from odl.result import Cost, Measurement
from odl.run.profile import profile_on_simulator
from odl.target import Target
from odl.train.options import TrainOptions

OPTIMIZER = "sgd:lr=0.01"
TYPES = {"fp32": "f32", "fp16": "f16"}


def measure(
    works: Sequence[Work],
    target: Target,
    dtypes: Sequence[str],
    cores: Sequence[int],
    folder: Path,
    tell: Callable[[int], None],
) -> list[Measurement]:
    """All works in all precisions; what fails is one line that says so.

    Args:
        folder: where the build folders are put.
        tell: is told the number of programs done.
    """
    found: list[Measurement] = []
    pairs = [(work, dtype) for work in works for dtype in dtypes]
    for done, (work, dtype) in enumerate(pairs):
        found += _measure(work, target, dtype, cores, folder)
        tell(done + 1)
    return found


def _measure(
    work: Work, target: Target, dtype: str, cores: Sequence[int], folder: Path
) -> list[Measurement]:
    try:
        project = _project(work, target, dtype, max(cores), folder)
        elf = Path(build(project).elf)
    except OdlError as e:
        return [Measurement(work.name, dtype, n, error=str(e)) for n in cores]
    found = []
    for n in cores:
        try:
            found += _lines(
                work, project, dtype, n, profile_on_simulator(project, elf, n, work.times)
            )
        except OdlError as e:
            found.append(Measurement(work.name, dtype, n, error=str(e)))
    return found


def _project(work: Work, target: Target, dtype: str, cores: int, folder: Path) -> Project:
    scale = "1" if dtype == "fp32" else "dynamic"
    train = TrainOptions("full", optimizer=OPTIMIZER, loss_scale=scale) if work.train else None
    model = ir.serde.deserialize_model(work.model(dtype))
    options = Options(target.name, cores, dtype=dtype, train=train)
    compiled = compile_graph(model, model_name(work.name), options)
    check_fit(compiled.program, compiled.target)
    where = folder / f"{compiled.name}_{dtype}"
    write_project(compiled.program, compiled.target, compiled.stages, where, work.name)
    return read(where)


def _lines(
    work: Work, project: Project, dtype: str, cores: int, costs: list[Cost]
) -> list[Measurement]:
    """The whole, behind its parts."""
    steps = list(zip(project.steps, costs, strict=True))
    groups = {work.name: steps}
    if work.parts:
        short = work.name.split()[0]
        nodes = dict.fromkeys(step.node for step, _ in steps if step.macs)
        parts = {f"{short} {n}": [s for s in steps if s[0].node == n] for n in nodes}
        groups = {**parts, **groups}
    limits = project.target.limits
    return [
        Measurement(
            name,
            dtype,
            cores,
            macs=sum(step.macs for step, _ in members),
            moved=sum(step.moved for step, _ in members),
            cost=reduce(add, (cost for _, cost in members)),
            limit=limits.macs_per_cycle(TYPES[dtype], cores) if limits else 0,
            peer=peer(name, dtype, cores, project.target.name),
        )
        for name, members in groups.items()
    ]
