"""Numbers that are the same on every machine: each from its place and a seed, by integers alone.

Number i of seed s is h(s + 0x9E3779B9 * (i + 1) mod 2^32), where h is the 32-bit finaliser
`x ^= x >> 16; x *= 0x21F0AAAD; x ^= x >> 15; x *= 0xD35A2D97; x ^= x >> 15`. Kernels have them from
firmware/kernels/random.h, the bodies of our operators from `in_onnx`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

MASK = 0xFFFFFFFF
STRIDE = 0x9E3779B9
MIXED = ((16, 0x21F0AAAD), (15, 0xD35A2D97), (15, 1))
"""Shifts and factors of the finaliser."""


def numbers(seed: int, places: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Those at some places."""
    x = (np.asarray(places).astype(np.uint64) + 1) * STRIDE + (int(seed) & MASK)
    for shift, factor in MIXED:
        x &= np.uint64(MASK)
        x = (x ^ x >> np.uint64(shift)) * np.uint64(factor)
    return np.asarray(x & np.uint64(MASK)).astype(np.uint32)


def even(seed: int, places: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Multiples of 2^-23 in [-1, 1) at some places: exact in single precision."""
    high = numbers(seed, places) >> np.uint32(8)
    return np.asarray(high * 2.0**-23 - 1.0)


def signed(seed: int) -> int:
    """A seed as kernels take it, in 32 bits with a sign."""
    seed &= MASK
    return seed - (seed >> 31 << 32)


def in_onnx(made: str, seed: str, places: str) -> str:
    """Nodes of a body that make `made` from int64 values below 2^32; `made` is in other names."""
    lines = [
        f"{made}_one = Constant <value_int = 1> ()",
        f"{made}_mask = Constant <value_int = {MASK}> ()",
        f"{made}_stride = Constant <value_int = {STRIDE}> ()",
        f"{made}_places = Add ({places}, {made}_one)",
        f"{made}_far = Mul ({made}_places, {made}_stride)",
        f"{made}_0 = Add ({made}_far, {seed})",
    ]
    for i, (shift, factor) in enumerate(MIXED):
        lines += [
            f"{made}_within{i} = BitwiseAnd ({made}_{i}, {made}_mask)",
            f"{made}_power{i} = Constant <value_int = {1 << shift}> ()",
            f"{made}_high{i} = Div ({made}_within{i}, {made}_power{i})",
            f"{made}_both{i} = BitwiseXor ({made}_within{i}, {made}_high{i})",
            f"{made}_factor{i} = Constant <value_int = {factor}> ()",
            f"{made}_{i + 1} = Mul ({made}_both{i}, {made}_factor{i})",
        ]
    return "\n".join([*lines, f"{made} = BitwiseAnd ({made}_{len(MIXED)}, {made}_mask)"])
