"""What a run or a build has shown, as data: each tensor against its bound, accuracy, cost, size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from odl.dtype import DType

Array = npt.NDArray[Any]


@dataclass
class Check:
    """One tensor, over all samples so far."""

    name: str
    node: str
    op: str
    dtype: DType
    shape: tuple[int, ...]
    step: int
    """The step after which it was read."""
    max_abs: float = 0.0
    max_ulp: float = 0.0
    bound: float = 0.0
    """Of the element that came nearest to its bound, or passed it."""
    share: float = 0.0
    """Largest error as a share of its element's bound; above 1 is a failure."""
    ties: int = 0
    """Elements that differ and are right: another index of an equal value."""
    drift: float = 0.0
    """Largest distance from the reference that runs on its own."""
    failed: int = 0
    """Elements out of bounds."""

    @property
    def ok(self) -> bool:
        return self.failed == 0


@dataclass
class Verdict:
    """All tensors over all samples."""

    checks: dict[str, Check]
    samples: int = 0
    original: float = 0.0
    """Largest distance of an output from that of the model as it was read; infinite if unknown."""
    first: tuple[int, str] | None = None
    """The first divergence: the sample's number and the tensor's name."""

    @property
    def ok(self) -> bool:
        return self.first is None

    @property
    def diverged(self) -> Check | None:
        """The check of the tensor that diverged first."""
        return None if self.first is None else self.checks[self.first[1]]


@dataclass(frozen=True)
class Cost:
    """What runs have cost, in the unit of the target's counter."""

    critical: int
    """The sum over the steps of the slowest core's count."""
    total: int
    """The sum over the steps and the cores."""
    events: tuple[int, ...] = ()
    """The same sums of each of the target's events, in its order."""

    def __add__(self, other: Cost) -> Cost:
        events = tuple(a + b for a, b in zip(self.events, other.events, strict=True))
        return Cost(self.critical + other.critical, self.total + other.total, events)

    def __sub__(self, other: Cost) -> Cost:
        events = tuple(a - b for a, b in zip(self.events, other.events, strict=True))
        return Cost(self.critical - other.critical, self.total - other.total, events)


@dataclass(frozen=True)
class Measurement:
    """One work of a benchmark, in one precision, on so many cores."""

    work: str
    dtype: str
    cores: int
    macs: int = 0
    moved: int = 0
    """Bytes copied between memories."""
    cost: Cost | None = None
    limit: int = 0
    """Multiply-accumulates that the cores could do in a cycle; 0 where unknown."""
    peer: str = ""
    """The figure that others have reached, with the letter of its source."""
    error: str = ""
    """Why there is no cost."""

    @property
    def rate(self) -> float:
        """Multiply-accumulates in one count of the critical path."""
        return self.macs / self.cost.critical if self.cost and self.cost.critical else 0.0


@dataclass(frozen=True)
class Result:
    """What a run has shown."""

    verdict: Verdict | None
    samples: int
    cost: Cost
    """Of all inferences."""
    cores: int
    right: Array
    """Of each label, whether the prediction was it."""
    repeated: int
    """Requests that were sent again because a frame was lost."""
    outputs: dict[str, Array]
    """[samples, *shape] of each output."""

    @property
    def labelled(self) -> int:
        return len(self.right)

    @property
    def correct(self) -> int:
        return int(self.right.sum())

    @property
    def ok(self) -> bool:
        return self.verdict is None or self.verdict.ok


@dataclass(frozen=True)
class Step:
    """What one step has shown."""

    number: int
    loss: float
    labelled: int
    correct: int
    skipped: bool


@dataclass
class TrainingResult:
    """What a training run has shown."""

    steps: list[Step] = field(default_factory=list)
    verdict: Verdict | None = None
    verified: int = 0
    cost: Cost = field(default_factory=lambda: Cost(0, 0))
    """Of all steps."""

    @property
    def skipped(self) -> int:
        return sum(s.skipped for s in self.steps)

    @property
    def ok(self) -> bool:
        return self.verdict is None or self.verdict.ok


@dataclass(frozen=True)
class Mark:
    """What a device could do at one moment of a stream."""

    learnt: int
    """Samples so far."""
    task: str
    """The last one that it has learnt from; empty before the first."""
    right: dict[str, Array]
    """For each test set, of each label, whether the prediction was it."""

    def accuracy(self, test: str) -> float:
        return float(self.right[test].mean())

    @property
    def average(self) -> float:
        """Over the test sets, each counting the same."""
        return sum(map(self.accuracy, self.right)) / len(self.right)


@dataclass(frozen=True)
class Adaptation:
    """What a stream has shown: at first, behind each task and wherever else it was asked."""

    marks: list[Mark]
    training: TrainingResult

    @property
    def tests(self) -> list[str]:
        return list(self.marks[0].right)

    def at(self, learnt: int) -> Mark:
        """The last mark after so many samples."""
        return next(m for m in reversed(self.marks) if m.learnt == learnt)

    def forgotten(self, test: str) -> float:
        """How much better the device has been at a test set than it is in the end."""
        shares = [m.accuracy(test) for m in self.marks]
        return max(shares) - shares[-1]

    @property
    def forgetting(self) -> float:
        """Over the test sets, each counting the same."""
        return sum(map(self.forgotten, self.tests)) / len(self.tests)


@dataclass(frozen=True)
class Outcome:
    """What one way of learning has reached, and what it costs on the target."""

    name: str
    rate: float = 0.0
    """The learning rate that was best for it; 0 where it has none."""
    right: dict[int, dict[str, Array]] = field(default_factory=dict)
    """After so many samples, for each test set: [seeds, labels], whether the prediction was it."""
    state: int = 0
    """Bytes that learning changes."""
    ram: int = 0
    flash: int = 0
    """Bytes of constants."""
    steps: int = 1
    """For each sample."""
    macs: int = 0
    cost: Cost | None = None
    """Of a step; None where the target counts nothing."""
    error: str = ""
    """Why there is nothing of all that."""

    def accuracy(self, samples: int, test: str) -> float:
        return float(self.right[samples][test].mean())


@dataclass(frozen=True)
class SectionSize:
    """A section of a program that takes memory on the device."""

    name: str
    memory: str
    """Of the target, where it names its memories."""
    flash: int
    ram: int


@dataclass(frozen=True)
class Owner:
    """What some bytes of a program are for."""

    part: str
    """kernel, run time, target, model, constants, arena, tool chain or rest."""
    name: str
    steps: int
    """So many steps call it."""
    code: int
    data: int
    """Bytes that are stored beside the code, constants or initial values."""
    ram: int

    @property
    def flash(self) -> int:
        return self.code + self.data


@dataclass(frozen=True)
class Sizes:
    """Where the bytes of a program go; the sections, and so the owners, make up both sums."""

    toolchain: str
    sections: tuple[SectionSize, ...]
    owners: tuple[Owner, ...]

    @property
    def flash(self) -> int:
        return sum(s.flash for s in self.sections)

    @property
    def ram(self) -> int:
        return sum(s.ram for s in self.sections)
