"""What is wrong in onnx.reference, set right: pools, Pad, norms. ONNX Runtime is the judge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference.op_run import OpRun
from onnx.reference.ops import op_pad

Array = npt.NDArray[Any]


class GlobalMaxPool(OpRun):
    """onnx 1.23's own reduces the wrong axes where there are not two of them."""

    op_domain = ""

    def _run(self, x: Array) -> tuple[Array]:
        return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)


class Erf(OpRun):
    """onnx 1.23's own rounds to single precision, whatever it is fed."""

    op_domain = ""
    _of = np.vectorize(math.erf, otypes=[np.float64])

    def _run(self, x: Array) -> tuple[Array]:
        return (self._of(x).astype(x.dtype),)


class _Pool(OpRun):
    """onnx 1.23's own drop NaN, and go wrong in many pairs of auto_pad, dilations and ceil_mode."""

    op_domain = ""

    def _taps(self, x: Array, geometry: dict[str, Any]) -> tuple[Array, Array, Array, list[Array]]:
        """[n, c, *out, taps] values; whether a tap is in x, in the padded frame; its positions."""
        size, rank = geometry["kernel_shape"], x.ndim - 2
        auto, ceil = geometry.get("auto_pad") or "NOTSET", geometry.get("ceil_mode") or 0
        pads = (auto == "NOTSET" and geometry.get("pads")) or [0] * (2 * rank)
        stride, dilation = (geometry.get(k) or [1] * rank for k in ("strides", "dilations"))
        at, inside, framed = [], np.array(True), np.array(True)
        for axis, (n, k, s, d) in enumerate(zip(x.shape[2:], size, stride, dilation, strict=True)):
            pad, end, reach = pads[axis], pads[axis + rank], (k - 1) * d + 1
            out = (n + pad + end - reach + (s - 1) * bool(ceil)) // s + 1
            out -= (out - 1) * s >= n + pad
            if auto.startswith("SAME"):
                out = -(-n // s)
                total = max(0, (out - 1) * s + reach - n)
                pad = (total + (auto == "SAME_LOWER")) // 2
                end = total - pad
            position = np.arange(out)[:, None] * s + np.arange(k) * d - pad
            lone = [1] * (2 * rank)
            lone[axis], lone[axis + rank] = out, k
            at.append(np.clip(position, 0, n - 1).reshape(lone))
            inside = inside & ((position >= 0) & (position < n)).reshape(lone)
            framed = framed & (position < n + end).reshape(lone)
        flat = (*np.broadcast_shapes(*(p.shape for p in at))[:rank], -1)
        index = (slice(None), slice(None), *at)
        values = x[index].reshape(*x.shape[:2], *flat)
        where = [np.broadcast_to(p, inside.shape).reshape(flat) for p in at]
        return values, inside.reshape(flat), framed.reshape(flat), where


class MaxPool(_Pool):
    """The largest value in the window, NaN if there is one; its first position in x."""

    def _run(self, x: Array, **geometry: Any) -> tuple[Array, ...]:
        values, inside, _, where = self._taps(x, geometry)
        least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        top = np.where(inside, values, least).max(axis=-1, keepdims=True)
        hit = inside & ((values == top) | ((values != values) & (top != top)))
        first = hit.argmax(axis=-1)[..., None]
        at = [np.take_along_axis(np.broadcast_to(p, hit.shape), first, -1) for p in where]
        n, axes = x.shape[2:], list(range(len(at)))
        if geometry.get("storage_order"):
            axes.reverse()
        index = np.ravel_multi_index([at[a] for a in axes], [n[a] for a in axes])
        maps = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], *(1,) * len(n))
        both = top[..., 0].astype(x.dtype), index[..., 0] + maps * int(np.prod(n))
        return both[: len(self.output)]


class AveragePool(_Pool):
    """The mean of the window over the taps in x, or over those in the padded frame."""

    def _run(self, x: Array, count_include_pad: int = 0, **geometry: Any) -> tuple[Array]:
        values, inside, framed, _ = self._taps(x, geometry)
        total = np.where(inside, values, 0).sum(axis=-1)
        with np.errstate(invalid="ignore"):
            return ((total / (framed if count_include_pad else inside).sum(-1)).astype(x.dtype),)


class Pad(OpRun):
    """onnx 1.23's own refuses negative pads; they crop before anything is added."""

    op_domain = ""

    def _run(
        self, x: Array, pads: Array, value: Any = None, axes: Any = None, mode: str = "constant"
    ) -> tuple[Array]:
        named = list(range(x.ndim)) if axes is None else [int(a) % x.ndim for a in axes]
        for axis, begin, end in zip(named, pads, pads[len(named) :], strict=False):
            kept = slice(max(0, -begin), x.shape[axis] - max(0, -end))
            x = x[(slice(None),) * axis + (kept,)]
        filler = 0 if value is None else value
        return (op_pad._pad_impl(x, np.maximum(pads, 0), mode, filler, named),)  # type: ignore[no-untyped-call]


class LogSoftmax(OpRun):
    """onnx 1.23's own takes the logarithm of the Softmax, which may be 0."""

    op_domain = ""

    def _run(self, x: Array, axis: int = -1) -> tuple[Array]:
        away = x - x.max(axis=axis, keepdims=True)
        return (away - np.log(np.exp(away).sum(axis=axis, keepdims=True)),)


class LpNormalization(OpRun):
    """onnx 1.23's own sums odd powers with their sign."""

    op_domain = ""

    def _run(self, x: Array, axis: int = -1, p: int = 2) -> tuple[Array]:
        norm = (np.abs(x) ** p).sum(axis=axis, keepdims=True) ** (1 / p)
        return (np.where(norm == 0, 0, x / np.where(norm == 0, 1, norm)).astype(x.dtype),)


class GroupNormalization(OpRun):
    """onnx 1.23 makes it of a function that it then cannot call."""

    op_domain = ""

    def _run(
        self,
        x: Array,
        scale: Array,
        bias: Array,
        epsilon: float = 1e-5,
        num_groups: int = 1,
        stash_type: int = 1,
    ) -> tuple[Array]:
        rows = x.reshape(x.shape[0], num_groups, -1)
        away = rows - rows.mean(axis=2, keepdims=True)
        normal = away / np.sqrt((away * away).mean(axis=2, keepdims=True) + epsilon)
        column = (-1,) + (1,) * (x.ndim - 2)
        y = normal.reshape(x.shape) * scale.reshape(column) + bias.reshape(column)
        return (y.astype(x.dtype),)
