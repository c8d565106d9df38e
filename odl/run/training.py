"""The whole of `odl run --steps`: labelled samples go in, losses come out, the state is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.errors import CheckFailed, UsageError
from odl.program import SKIPS
from odl.project import Project, TrainingInfo
from odl.result import Result, Step, TrainingResult
from odl.run.device import Device
from odl.run.samples import Samples
from odl.run.session import RunOptions, evaluate, predict, run_steps
from odl.run.verify import Verifier

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class TrainingOptions:
    """How a device is trained."""

    steps: int
    verified: int = 5
    """So many of the first steps are read and judged tensor by tensor."""
    seed: int | None = None
    """Of the order of the samples; None: as they stand in the file, again and again."""
    cores: int = 0


def training_info(project: Project) -> TrainingInfo:
    """What the project trains.

    Raises:
        UsageError: nothing.
    """
    if project.training is None:
        raise UsageError("the program does not train", advice="compile it with --train")
    return project.training


def train(
    device: Device,
    samples: Samples,
    options: TrainingOptions,
    tell: Callable[[Step], None] = lambda step: None,
) -> TrainingResult:
    """Run training steps on the device.

    Raises:
        CheckFailed: the device has skipped too many steps in a row.
    """
    lessons = Lessons(device, options)
    lessons.learn(samples, lessons.order(len(samples)), tell)
    return lessons.result


class Lessons:
    """Samples that a device learns, one step after the other; `result` grows with them."""

    def __init__(self, device: Device, options: TrainingOptions) -> None:
        self.device, self.options = device, options
        self.info = training_info(device.project)
        now = device.cost()
        self.result = TrainingResult(cost=now - now)
        self._verifier = Verifier(device.project) if options.verified else None
        self._in_row = dict(self.info.states)[self.info.in_row]

    def order(self, count: int) -> Iterator[int]:
        """The sample of each step; the steps that rehearse belong to the sample before them."""
        rng = np.random.default_rng(self.options.seed)
        for at in range(self.options.steps):
            lesson, turn = divmod(at, self.info.rounds)
            if lesson % count == 0 and turn == 0:
                order = np.arange(count) if self.options.seed is None else rng.permutation(count)
            yield int(order[lesson % count])

    def learn(
        self,
        samples: Samples,
        order: Iterable[int],
        tell: Callable[[Step], None] = lambda step: None,
    ) -> None:
        """One step for each number of a sample in `order`.

        Raises:
            CheckFailed: the device has skipped too many steps in a row.
        """
        before = self.device.cost()
        for index in order:
            turn = len(self.result.steps) % self.info.rounds
            tell(self._step(samples, index, turn))
        self.result.cost += self.device.cost() - before

    def _step(self, samples: Samples, index: int, turn: int) -> Step:
        """A step in which the sample is learnt, or from the second turn on others are rehearsed."""
        project, result = self.device.project, self.result
        verify = result.verified == len(result.steps) < self.options.verified
        inputs = {} if turn and not verify else samples.inputs_at(index)
        labels = None if turn else samples.labels_at(index)
        prediction = project.outputs[0]
        wanted = [prediction, self.info.loss, self._in_row]
        if verify:
            wanted = [t.name for t in project.tensors]
        count = len(project.steps)
        seen = run_steps(self.device, inputs, wanted, self.options.cores, count)
        if verify and self._verifier is not None:
            self._verifier.add(inputs, seen)
            result.verdict = self._verifier.verdict
            result.verified += 1
        in_row = int(seen[self._in_row])
        labelled = 0 if labels is None else len(labels)
        guesses = predict(seen[prediction], labelled) if labelled else np.zeros(0)
        correct = int(np.count_nonzero(guesses == labels)) if labelled else 0
        number = len(result.steps) + 1
        step = Step(number, float(seen[self.info.loss]), labelled, correct, in_row > 0)
        result.steps.append(step)
        if in_row >= SKIPS:
            raise CheckFailed(
                f"{SKIPS} steps in a row had a loss or a gradient that is not finite",
                where=f"step {number}",
                advice="a lower learning rate, clipping, or sound data",
            )
        return step


def learn(
    device: Device,
    samples: Samples,
    tests: Samples | None,
    options: TrainingOptions,
    tell: Callable[[Step], None] = lambda step: None,
) -> tuple[TrainingResult, Result | None, Result | None]:
    """Train, and evaluate on `tests` before and after."""
    plain = RunOptions(cores=options.cores, verify=False)
    before = evaluate(device, tests, plain) if tests else None
    result = train(device, samples, options, tell)
    return result, before, evaluate(device, tests, plain) if tests else None


def read_states(device: Device) -> dict[str, Array]:
    """What the device has learnt so far."""
    return device.read([name for name, _ in training_info(device.project).states])
