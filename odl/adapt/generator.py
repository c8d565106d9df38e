"""Numbers that are the same on every machine: each from its place and a seed, by integers alone.

Number i of seed s is h(s + 0x9E3779B9 * (i + 1) mod 2^32), where h is the 32-bit finaliser
`x ^= x >> 16; x *= 0x21F0AAAD; x ^= x >> 15; x *= 0xD35A2D97; x ^= x >> 15`. A device needs no
table and no order to make one again. The frozen factors of adapters are made so.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops.draw import mixed

Array = npt.NDArray[Any]


def seed_of(name: str, number: int) -> int:
    """The seed of one tensor: its name's CRC-32, and what the user chose."""
    return zlib.crc32(name.encode()) ^ (number & 0xFFFFFFFF)


def integers(seed: int, count: int) -> Array:
    """uint32, evenly distributed."""
    x = np.arange(1, count + 1, dtype=np.uint64) * 0x9E3779B9 + seed
    return mixed(x & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def uniform(seed: int, shape: tuple[int, ...]) -> Array:
    """Multiples of 2^-23 in [-1, 1): exact in single precision."""
    high = integers(seed, math.prod(shape)) >> np.uint32(8)
    return np.asarray(high.reshape(shape) * 2.0**-23 - 1.0)


def choose(seed: int, count: int, of: int) -> Array:
    """Different numbers below `of`, in order: those whose integers are the smallest."""
    order = np.argsort(integers(seed, of), kind="stable")
    return np.sort(order[:count])
