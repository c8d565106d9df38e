"""onnx.reference set right where it moves elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference.op_run import OpRun

Array = npt.NDArray[Any]


def _part(x: Array, index: Array, axis: int) -> tuple[slice, ...]:
    """What the indices cover of x: on all other axes they may be shorter."""
    return tuple(slice(n if i != axis else None) for i, n in enumerate(index.shape[: x.ndim]))


class GatherElements(OpRun):
    """onnx 1.23's own wants indices as long as the data on all other axes."""

    op_domain = ""

    def _run(self, x: Array, index: Array, axis: int = 0) -> tuple[Array]:
        axis %= x.ndim
        return (np.take_along_axis(x[_part(x, index, axis)], index, axis),)


class ScatterElements(OpRun):
    """onnx 1.23's own loses NaN in minima and maxima, which ScatterND keeps."""

    op_domain = ""

    def _run(
        self, x: Array, index: Array, update: Array, axis: int = 0, reduction: str = "none"
    ) -> tuple[Array]:
        y, axis = x.copy(), axis % x.ndim
        steps: dict[str, Any] = {
            "add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum,
        }  # fmt: skip
        step = steps.get(reduction, lambda _, new: new)
        for at in np.ndindex(*index.shape):
            to = (*at[:axis], index[at], *at[axis + 1 :])
            y[to] = step(y[to], update[at])
        return (y,)


class OneHot(OpRun):
    """onnx 1.23's own computes with the values, which truth values do not bear."""

    op_domain = ""

    def _run(self, index: Array, depth: Array, values: Array, axis: int = -1) -> tuple[Array]:
        at = np.expand_dims(index.astype(np.int64), axis)
        column = [1] * at.ndim
        column[axis] = n = int(np.ravel(depth)[0])
        each = np.arange(n).reshape(column)
        return (np.where((at == each) | (at == each - n), values[1], values[0]),)
