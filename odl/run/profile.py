"""What each step of a program costs, by running them one at a time."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from odl.result import Cost
from odl.run.device import Device

Array = npt.NDArray[Any]


def profile(device: Device, inputs: dict[str, Array], cores: int = 0) -> list[Cost]:
    """The cost of each step of a run on so many cores; 0 is all.

    A run before it warms the caches, where there are some.
    """
    device.write(inputs)
    device.run(0, len(device.project.steps), cores)
    device.write(inputs)
    costs, before = [], device.cost()
    for step in range(len(device.project.steps)):
        device.run(step, 1, cores)
        after = device.cost()
        costs.append(after - before)
        before = after
    return costs
