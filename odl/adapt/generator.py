"""Numbers and choices that are the same on every machine: see odl/ops/random_numbers.py.

A device needs no table and no order to make one again. The frozen factors of adapters are made so.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops.random_numbers import even, numbers

Array = npt.NDArray[Any]


def seed_of(name: str, number: int) -> int:
    """The seed of one tensor: its name's CRC-32, and what the user chose."""
    return zlib.crc32(name.encode()) ^ (number & 0xFFFFFFFF)


def integers(seed: int, count: int) -> Array:
    """uint32, evenly distributed."""
    return numbers(seed, np.arange(count))


def uniform(seed: int, shape: tuple[int, ...]) -> Array:
    """Multiples of 2^-23 in [-1, 1): exact in single precision."""
    return even(seed, np.arange(math.prod(shape))).reshape(shape)


def choose(seed: int, count: int, of: int) -> Array:
    """Different numbers below `of`, in order: those whose integers are the smallest."""
    order = np.argsort(integers(seed, of), kind="stable")
    return np.sort(order[:count])
