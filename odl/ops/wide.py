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
