"""A device in the field: labelled samples come task by task, and it is tested in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from odl import learn
from odl.errors import UsageError
from odl.result import Adaptation, Mark, Step
from odl.run.device import Device
from odl.run.samples import Samples
from odl.run.session import RunOptions, evaluate
from odl.run.training import Lessons, TrainingOptions, training_info

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Task:
    """Samples that come one after the other; another task may follow."""

    name: str
    samples: Samples
    """With labels as inputs."""


@dataclass(frozen=True)
class StreamOptions:
    """How a stream is learnt."""

    epochs: int = 1
    """So many times each task."""
    seed: int | None = None
    """Of the order within a task; None: as the samples stand."""
    marks: tuple[int, ...] = ()
    """Samples after which the device is tested, besides the ends of tasks."""
    limit: int = 0
    """Samples of each task at most, each as often as it is learnt; 0: all."""
    verified: int = 5
    """So many of the first steps are judged tensor by tensor."""
    cores: int = 0


def by_class(samples: Samples, tasks: int) -> list[Samples]:
    """The samples of the first classes, of the next ones, and so on; classes are dealt evenly.

    Raises:
        UsageError: there are fewer classes than tasks, or no class numbers.
    """
    if samples.labels is None:
        raise UsageError("--tasks: the data has no class numbers", advice="an array y of integers")
    labels = samples.labels[:, 0]
    known = np.unique(labels)
    if len(known) < tasks:
        raise UsageError(f"--tasks {tasks}: the data has {len(known)} classes")
    return [samples.part(np.isin(labels, part)) for part in np.array_split(known, tasks)]


def adapt(
    device: Device,
    tasks: Sequence[Task],
    tests: dict[str, Samples],
    options: StreamOptions,
    tell: Callable[[Step], None] = lambda step: None,
) -> Adaptation:
    """Learn the tasks one after the other.

    Raises:
        CheckFailed: the device has skipped too many steps in a row.
    """
    info = training_info(device.project)
    zeros = {
        t.name: np.zeros(t.shape, t.dtype.numpy)
        for t in device.project.tensors
        if t.name in info.per_task
    }
    plain = RunOptions(cores=options.cores, verify=False)

    def mark(task: str) -> Mark:
        right = {name: evaluate(device, test, plain).right for name, test in tests.items()}
        return Mark(learnt, task, right)

    lessons = Lessons(device, TrainingOptions(0, options.verified, cores=options.cores))
    learnt, asked = 0, sorted(set(options.marks))
    marks = [mark("")]
    for number, task in enumerate(tasks):
        device.write(zeros)
        order = _order(info.strategy, task.samples, options, number)
        while len(order):
            until = next((m - learnt for m in asked if m > learnt), len(order))
            now, order = order[:until], order[until:]
            lessons.learn(task.samples, np.repeat(now, info.rounds), tell)
            learnt += len(now)
            if learnt in asked or not len(order):
                marks.append(mark(task.name))
    return Adaptation(marks, lessons.result)


def _order(strategy: str, samples: Samples, options: StreamOptions, task: int) -> Array:
    """The samples of a task as they are learnt."""
    rng = None if options.seed is None else np.random.default_rng([options.seed, task])
    labels = np.zeros(len(samples), int) if samples.labels is None else samples.labels[:, 0]
    learner = learn.read(strategy)
    order = np.concatenate([learner.order(labels, rng) for _ in range(options.epochs)])
    return order[: options.limit or None]


def lessons_of(tasks: Sequence[Task], strategy: str, options: StreamOptions) -> int:
    """Samples that the whole stream will have, each as often as it is learnt."""
    return sum(len(_order(strategy, t.samples, options, i)) for i, t in enumerate(tasks))


def split_tests(tests: dict[str, Samples], tasks: int) -> dict[str, Samples]:
    """Each test set as one for each task."""
    return {
        f"{name} {i}": part
        for name, test in tests.items()
        for i, part in enumerate(by_class(test, tasks), 1)
    }


def tasks_of(streams: dict[str, Samples], by_classes: int) -> list[Task]:
    """A task for each stream, or, of the one stream, for so many groups of its classes."""

    def made() -> Iterator[Task]:
        for name, samples in streams.items():
            if not by_classes:
                yield Task(name, samples)
                continue
            for i, part in enumerate(by_class(samples, by_classes), 1):
                yield Task(f"{name} {i}", part)

    return list(made())
