"""The precision in which kernels compute: half precision as single, everything else as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import F16, F32, I8, I32, I64, U8

FLOATS = (F32, F16)
INTEGERS = (I8, U8, I32, I64)
NUMBERS = FLOATS + INTEGERS


def wide(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Operands as kernels load them; what they store is rounded once, by NumPy's assignment."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def ended(sums: npt.NDArray[Any], addend: npt.NDArray[Any] | None, relu: int) -> npt.NDArray[Any]:
    """How kernels end a sum: plus an addend of the same shape, then Relu, where they are asked to.

    NaN stays NaN.
    """
    total = sums if addend is None else sums + wide(addend).reshape(sums.shape)
    return np.where(total < 0, 0, total) if relu else total
