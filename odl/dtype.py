"""The element types that a device tensor can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class DType:
    """One element type under the names that NumPy, C, ONNX and the link give it."""

    name: str
    """Suffix of kernels and word of reports: `f32`."""
    c: str
    """C type."""
    onnx: int
    """onnx.TensorProto.DataType."""
    code: int
    """Number on the wire (enum odl_dtype in firmware/include/odl/model.h)."""
    numpy: np.dtype[np.generic]

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return self.numpy.itemsize

    @property
    def is_float(self) -> bool:
        return self.numpy.kind == "f"

    @property
    def finfo(self) -> Any:
        """NumPy's limits of a float type."""
        return np.finfo(self.numpy)  # type: ignore[type-var]

    @property
    def unit_roundoff(self) -> float:
        """u of Higham, Accuracy and Stability of Numerical Algorithms, 2.1: half the epsilon."""
        return float(self.finfo.eps) / 2 if self.is_float else 0.0

    def __str__(self) -> str:
        return self.name


F32 = DType("f32", "float", 1, 0, np.dtype("<f4"))
F16 = DType("f16", "_Float16", 10, 1, np.dtype("<f2"))
I8 = DType("i8", "int8_t", 3, 2, np.dtype("i1"))
U8 = DType("u8", "uint8_t", 2, 3, np.dtype("u1"))
I32 = DType("i32", "int32_t", 6, 4, np.dtype("<i4"))
I64 = DType("i64", "int64_t", 7, 5, np.dtype("<i8"))
BOOL = DType("b8", "uint8_t", 9, 6, np.dtype("?"))

ALL = (F32, F16, I8, U8, I32, I64, BOOL)
I4 = DType("i4", "uint8_t", 22, -1, np.dtype(ml_dtypes.int4))
U4 = DType("u4", "uint8_t", 21, -1, np.dtype(ml_dtypes.uint4))
PACKED = (I4, U4)
"""Types of weights in a model only. Operators store them as bytes that hold two numbers each."""
I16 = DType("i16", "int16_t", 5, -1, np.dtype("<i2"))
"""Of constants that operators make, only."""
BY_NAME = {d.name: d for d in ALL}
BY_ONNX = {d.onnx: d for d in ALL}
BY_CODE = {d.code: d for d in ALL}
BY_NUMPY = {d.numpy: d for d in (*ALL, I16)}

Array = npt.NDArray[np.generic]
