"""The whole of `odl run --steps`: labelled samples go in, losses come out, the state is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
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
    project = device.project
    info = training_info(project)
    result = TrainingResult()
    verifier = Verifier(project) if options.verified else None
    everything = [t.name for t in project.tensors]
    successor = dict(info.states)[info.in_row]
    short = [project.outputs[0], info.loss, successor]
    before = device.cost()
    for number, index in enumerate(_order(len(samples), options), 1):
        inputs, labels = samples.inputs_at(index), samples.labels_at(index)
        verify = verifier is not None and number <= options.verified
        wanted = everything if verify else short
        seen = run_steps(device, inputs, wanted, options.cores, len(project.steps))
        if verify and verifier is not None:
            verifier.add(inputs, seen)
            result.verdict, result.verified = verifier.verdict, number
        in_row = int(seen[successor])
        labelled = 0 if labels is None else len(labels)
        guesses = predict(seen[project.outputs[0]], labelled) if labelled else np.zeros(0)
        correct = int(np.count_nonzero(guesses == labels)) if labelled else 0
        step = Step(number, float(seen[info.loss]), labelled, correct, in_row > 0)
        result.steps.append(step)
        tell(step)
        if in_row >= SKIPS:
            raise CheckFailed(
                f"{SKIPS} steps in a row had a loss or a gradient that is not finite",
                where=f"step {number}",
                advice="a lower learning rate, clipping, or sound data",
            )
    result.cost = device.cost() - before
    return result


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


def _order(count: int, options: TrainingOptions) -> Iterator[int]:
    """The numbers of the samples, for all steps."""
    rng = np.random.default_rng(options.seed)
    for epoch in range(math.ceil(options.steps / count)):
        order = np.arange(count) if options.seed is None else rng.permutation(count)
        yield from order[: options.steps - epoch * count].tolist()


def read_states(device: Device) -> dict[str, Array]:
    """What the device has learnt so far."""
    return device.read([name for name, _ in training_info(device.project).states])
