"""What each step of a program costs, by running them one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt

from odl.project import Project
from odl.result import Cost
from odl.run.device import Device
from odl.run.random_inputs import random_inputs
from odl.run.session import RunOptions, connect, open_port

Array = npt.NDArray[Any]

SECONDS = 600.0
"""For one step on a simulator, which is slow and does not get lost."""


def profile(device: Device, inputs: dict[str, Array], cores: int = 0, times: int = 1) -> list[Cost]:
    """The cost of each step of a run on so many cores; 0 is all.

    A run before it warms the caches, where there are some.

    Args:
        times: so often each step is run in a row, and the last time counts: kernels find their own
            code in the caches, but results may make no sense.
    """
    device.write(inputs)
    device.run(0, len(device.project.steps), cores)
    device.write(inputs)
    costs = []
    for step in range(len(device.project.steps)):
        for _ in range(times - 1):
            device.run(step, 1, cores)
        before = device.cost()
        device.run(step, 1, cores)
        costs.append(device.cost() - before)
    return costs


def profile_on_simulator(project: Project, elf: Path, cores: int = 0, times: int = 1) -> list[Cost]:
    """`profile` on the target's simulator, with random inputs that are always the same."""
    options = RunOptions(cores=cores, timeout=SECONDS)
    with open_port(project, elf, options) as port:
        device = connect(project, port, options)
        costs = profile(device, random_inputs(project, 0), cores, times)
        device.close()
    return costs
