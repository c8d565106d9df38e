"""Ways of learning side by side: the same samples, seeds and effort for each, and costs measured.

Each is compiled for the host, whose program is the device's own C, and learns there; the target's
program is compiled too, and one step of it is measured on its simulator. The learning rate of each
is the best of the same grid, tried on every second sample of the first test set; what is reported
comes from the others. Differences are paired, as arXiv:2411.08870 asks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir

from odl import target
from odl.build.build import build
from odl.compile import Compiled, Options, compile_graph, model_name
from odl.emit.project import write_project
from odl.errors import CheckFailed, OdlError
from odl.plan.plan import check_fit
from odl.project import Project, read
from odl.result import Adaptation, Outcome
from odl.run.device import Device
from odl.run.profile import profile_on_simulator
from odl.run.samples import Samples, load_arrays, read_samples, read_tests
from odl.run.session import RunOptions, connect, open_port
from odl.run.stream import StreamOptions, Task, adapt
from odl.run.training import read_states
from odl.train.optimizers import LIVE
from odl.train.options import TrainOptions

Array = npt.NDArray[Any]

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Plan:
    """What is the same for all."""

    stream: Path
    tests: dict[str, Path]
    """The first one is what the rates are tuned for."""
    marks: tuple[int, ...]
    """Samples after which accuracies are taken, ascending."""
    seeds: int
    rates: tuple[float, ...]
    target: str
    cores: int
    dtype: str
    loss: str
    optimizer: str
    source: Path | None = None
    """What the model has learnt from, for strategies that keep some of it."""


@dataclass(frozen=True)
class Contender:
    """What --train and --strategy are given, written `TRAIN` or `TRAIN@STRATEGY`."""

    name: str

    @property
    def train(self) -> str:
        return self.name.partition("@")[0]

    @property
    def strategy(self) -> str:
        return self.name.partition("@")[2]


def compare(
    model: ir.Model,
    name: str,
    contenders: Sequence[Contender],
    plan: Plan,
    folder: Path,
    jobs: int,
    tell: Callable[[int], None],
) -> list[Outcome]:
    """All contenders; what fails is an outcome that says so.

    Args:
        folder: where the build folders are put.
        jobs: so many at a time.
        tell: is told the number of contenders done.
    """
    proto = ir.serde.serialize_model(model)
    done = 0

    def one(number: int) -> Outcome:
        nonlocal done
        try:
            found = _outcome(proto, name, contenders[number], plan, folder / str(number))
        except OdlError as e:
            found = Outcome(contenders[number].name, error=str(e))
        done += 1
        tell(done)
        return found

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, range(len(contenders))))


def _outcome(
    proto: onnx.ModelProto, name: str, who: Contender, plan: Plan, folder: Path
) -> Outcome:
    there = _compiled(proto, name, who, plan, plan.target, plan.cores)
    project = _written(there, folder / "target")
    check_fit(there.program, there.target)
    here = _compiled(proto, name, who, plan, "host", 1)
    rate, right = _learnt(_written(here, folder / "host"), plan)
    assert project.training is not None
    cost = None
    if target.load(plan.target).counter:
        elf = Path(build(project).elf)
        cost = reduce(add, profile_on_simulator(project, elf, plan.cores))
    return Outcome(
        who.name, rate, right, project.training.state_bytes, project.arena_bytes,
        project.constant_bytes, project.training.rounds, project.macs, cost,
    )  # fmt: skip


def _compiled(
    proto: onnx.ModelProto, name: str, who: Contender, plan: Plan, machine: str, cores: int
) -> Compiled:
    model = ir.serde.deserialize_model(copy.deepcopy(proto))
    kind, _, settings = plan.optimizer.partition(":")
    live = [s for s in settings.split(",") if s] + ["live"]
    train = TrainOptions(
        who.train, plan.loss, f"{kind}:{','.join(live)}",
        loss_scale="dynamic" if plan.dtype == "fp16" else "1", strategy=who.strategy,
    )  # fmt: skip
    samples = {k: v for k, v in load_arrays(plan.stream).items() if k != "y"}
    source = load_arrays(plan.source) if plan.source else None
    options = Options(machine, cores, dtype=plan.dtype, train=train, samples=samples, source=source)
    return compile_graph(model, model_name(name), options)


def _written(made: Compiled, folder: Path) -> Project:
    folder.parent.mkdir(exist_ok=True)
    write_project(made.program, made.target, made.stages, folder, made.name)
    return read(folder)


def _learnt(project: Project, plan: Plan) -> tuple[float, dict[int, dict[str, Array]]]:
    """The best rate, and what was right at each mark with it: [seeds, labels]."""
    tests = {n: read_tests(p, project) for n, p in plan.tests.items()}
    first = next(iter(tests))
    tuning = {first: tests[first].part(slice(0, None, 2))}
    tests[first] = tests[first].part(slice(1, None, 2))
    task = Task("stream", read_samples(plan.stream, project, training=True))
    with open_port(project, Path(build(project).elf), RunOptions()) as port:
        trial = _Trial(connect(project, port, RunOptions()), task, plan)
        rate = 0.0
        if trial.has_rate:
            ends = [trial.reaches(r, tuning, first) for r in plan.rates]
            rate = plan.rates[int(np.argmax(ends))]
        runs = [trial.run(rate, seed, plan.marks, tests) for seed in range(1, plan.seeds + 1)]
        trial.device.close()
    marks = {m.learnt: list(m.right) for m in runs[0].marks}
    return rate, {
        n: {t: np.stack([run.at(n).right[t] for run in runs]) for t in names}
        for n, names in marks.items()
    }


class _Trial:
    """A device that learns the same stream again and again, each time from the start."""

    def __init__(self, device: Device, task: Task, plan: Plan) -> None:
        self.device, self._task, self._plan = device, task, plan
        self._start = read_states(device)

    @property
    def has_rate(self) -> bool:
        return LIVE in self._start

    def run(
        self, rate: float, seed: int, marks: tuple[int, ...], tests: dict[str, Samples]
    ) -> Adaptation:
        """One pass.

        Raises:
            CheckFailed: it diverges.
        """
        self.device.write(self._start)
        if self.has_rate:
            self.device.write({LIVE: np.array(rate, np.float32)})
        last = self._plan.marks[-1]
        epochs = -(-last // len(self._task.samples))
        options = StreamOptions(epochs, seed, marks, last, verified=0)
        return adapt(self.device, [self._task], tests, options)

    def reaches(self, rate: float, tests: dict[str, Samples], test: str) -> float:
        """The accuracy after a pass that is for tuning alone; less than any where it diverges."""
        try:
            return self.run(rate, 0, (), tests).marks[-1].accuracy(test)
        except CheckFailed:
            return -1.0
