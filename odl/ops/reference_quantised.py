"""What onnx.reference rounds too early in quantised operators, in the precision of the scales."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.helper import tensor_dtype_to_np_dtype
from onnx.reference.op_run import OpRun
from onnx.reference.ops._quant_utils import reshape_input

from odl.ops import quantised

Array = npt.NDArray[Any]


def _spread(v: Array, x: Array, axis: int, block: int) -> Array:
    if v.size == 1 and not block:
        return v.reshape(())
    return np.asarray(reshape_input(v, x.shape, axis, block))


class QuantizeLinear(OpRun):
    """onnx 1.23's own wraps what is beyond 32 bits, and infinity with it."""

    op_domain = ""

    def _run(
        self,
        x: Array,
        scale: Array,
        zero: Array | None = None,
        axis: int = 1,
        saturate: int = 1,
        block_size: int = 0,
        output_dtype: int = 0,
        precision: int = 0,
    ) -> tuple[Array]:
        kind = tensor_dtype_to_np_dtype(output_dtype) if output_dtype else np.dtype(np.uint8)
        offset = np.array(0)
        if zero is not None:
            kind, offset = zero.dtype, _spread(zero, x, axis, block_size)
        with np.errstate(all="ignore"):
            ratio = x / _spread(scale, x, axis, block_size)
        return (quantised.saturate(ratio, offset, kind),)


class DequantizeLinear(OpRun):
    """onnx 1.23's own takes 32-bit integers as float32 whatever the precision of the scale."""

    op_domain = ""

    def _run(
        self,
        x: Array,
        scale: Array,
        zero: Array | None = None,
        axis: int = 1,
        block_size: int = 0,
        output_dtype: int = 0,
    ) -> tuple[Array]:
        whole = x.astype(np.int64)
        if zero is not None:
            whole = whole - _spread(zero, x, axis, block_size).astype(np.int64)
        return (whole.astype(scale.dtype) * _spread(scale, x, axis, block_size),)
