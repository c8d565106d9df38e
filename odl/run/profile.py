"""What each step of a program costs, by running them one at a time."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from odl.result import Cost
from odl.run.device import Device

Array = npt.NDArray[Any]


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
