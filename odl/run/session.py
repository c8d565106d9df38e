"""The whole of `odl run`: stream samples to a device, read what it computed, judge it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.errors import ModelError, UsageError
from odl.project import Project
from odl.result import Result
from odl.run.device import Device
from odl.run.link import Link
from odl.run.ports import BAUD, Port, SerialPort
from odl.run.samples import Samples
from odl.run.simulator import Simulator
from odl.run.verify import Verifier

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class RunOptions:
    """How samples are run."""

    port: str = ""
    """URL of a device; empty: start the target's simulator."""
    baud: int = BAUD
    cores: int = 0
    """How many take part; 0: all that the program was built for."""
    timeout: float = 10.0
    """Seconds for one answer."""
    verify: bool = True
    """Read and judge every tensor; otherwise only the outputs are read."""


@contextmanager
def open_port(project: Project, elf: Path | None, options: RunOptions) -> Iterator[Port]:
    """The device's wire, or a simulator that runs `elf`."""
    if options.port:
        port: Port = SerialPort(options.port, options.baud)
    else:
        assert elf is not None
        port = Simulator(project.target, project.folder, elf, project.cores)
    try:
        yield port
    finally:
        port.close()


def run(
    project: Project,
    port: Port,
    samples: Samples,
    options: RunOptions,
    progress: Callable[[int], None] = lambda done: None,
) -> Result:
    """Run all samples on the device behind `port`, which then ends.

    Raises:
        DeviceError: the device is not the right one, fails, or is gone.
        UsageError: more cores than the program has.
    """
    device = connect(project, port, options)
    result = evaluate(device, samples, options, progress)
    device.close()
    return result


def connect(project: Project, port: Port, options: RunOptions) -> Device:
    """The device behind `port`, which is known to run the project's program.

    Raises:
        DeviceError: it does not, or does not answer.
        UsageError: more cores than the program has.
    """
    if options.cores > project.cores:
        raise UsageError(
            f"{options.cores} cores, but the program was built for {project.cores}",
            advice="compile with --cores",
        )
    device = Device(Link(port, options.timeout), project)
    device.check_tensors()
    return device


def evaluate(
    device: Device,
    samples: Samples,
    options: RunOptions,
    progress: Callable[[int], None] = lambda done: None,
) -> Result:
    """Predictions for all samples; of a training program, with what it has learnt.

    Args:
        progress: is told the number of samples done.
    """
    project = device.project
    steps = project.forward
    verifier = Verifier(project, steps) if options.verify else None
    predictions = [n for n in project.outputs if project.ready(n) < steps]
    wanted = [t.name for t in project.tensors if t.ready < steps] if options.verify else predictions
    outputs: dict[str, list[Array]] = {name: [] for name in predictions}
    before = device.cost()
    right: list[Array] = []
    for done, (inputs, labels) in enumerate(samples):
        seen = run_steps(device, inputs, wanted, options.cores, steps)
        for name in predictions:
            outputs[name].append(seen[name])
        if verifier is not None:
            verifier.add(inputs, seen)
        if labels is not None:
            right.append(predict(seen[predictions[0]], len(labels)) == labels)
        progress(done + 1)
    cost = device.cost() - before
    return Result(
        verdict=verifier.verdict if verifier else None,
        samples=len(samples),
        cost=cost,
        cores=options.cores or project.cores,
        right=np.concatenate(right) if right else np.zeros(0, bool),
        repeated=device.link.repeated,
        outputs={name: np.stack(values) for name, values in outputs.items()},
    )


def run_steps(
    device: Device,
    inputs: dict[str, Array],
    wanted: list[str],
    cores: int,
    steps: int,
) -> dict[str, Array]:
    """The first `steps`, with a stop behind each that completes a wanted tensor, to read it."""
    project = device.project
    device.write(inputs)
    tensors = [t for t in project.tensors if t.name in wanted]
    by_step = {
        step: [t.name for t in group]
        for step, group in itertools.groupby(
            sorted(tensors, key=lambda t: t.ready), lambda t: t.ready
        )
    }
    seen = device.read(by_step.pop(-1, []))
    at = 0
    for step in sorted({*by_step, steps - 1} - {-1}):
        device.run(at, step + 1 - at, cores)
        seen |= device.read(by_step.get(step, []))
        at = step + 1
    return seen


def predict(output: Array, samples: int) -> Array:
    """Class numbers: the largest of each row of scores, a score of at least 1/2, or the numbers.

    Raises:
        ModelError: the output is not one row or one number for each label.
    """
    if samples == 0 or output.size % samples:
        raise ModelError(f"the output {list(output.shape)} does not fit {samples} labels")
    rows = output.reshape(samples, -1)
    if rows.shape[1] > 1:
        best: Array = rows.argmax(axis=1)
        return best
    return rows[:, 0] >= 0.5 if rows.dtype.kind == "f" else rows[:, 0]
