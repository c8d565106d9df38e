"""onnx.reference set right where it resamples: Resize and ConvTranspose."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx.reference.op_run import OpRun
from onnx.reference.ops import op_resize

Array = npt.NDArray[Any]


class Resize(op_resize.Resize):
    """onnx 1.23's own computes cubic weights in float32, and takes no negative axes."""

    op_domain = ""

    def _run(self, *inputs: Any, **attributes: Any) -> Any:
        attributes["cubic_coeff_a"] = float(attributes.get("cubic_coeff_a", -0.75))
        if attributes.get("axes"):
            attributes["axes"] = [a % inputs[0].ndim for a in attributes["axes"]]
        return super()._run(*inputs, **attributes)


class ConvTranspose(OpRun):
    """onnx 1.23's own goes wrong with groups of more than one channel."""

    op_domain = ""

    def _run(self, x: Array, w: Array, bias: Array | None = None, **given: Any) -> tuple[Array]:
        rank = x.ndim - 2
        stride, dilation = (given.get(k) or [1] * rank for k in ("strides", "dilations"))
        extra, shape = (given.get(k) or [0] * rank for k in ("output_padding", "output_shape"))
        auto = given.get("auto_pad") or "NOTSET"
        pads = (auto == "NOTSET" and given.get("pads")) or [0] * (2 * rank)
        begin, size = list(pads[:rank]), []
        for a, (n, k) in enumerate(zip(x.shape[2:], w.shape[2:], strict=True)):
            full = stride[a] * (n - 1) + extra[a] + (k - 1) * dilation[a] + 1
            asked = shape[a] or (n * stride[a] if auto.startswith("SAME") else 0)
            if asked:
                total = max(0, full - asked)
                begin[a] = total // 2 if auto == "SAME_UPPER" else total - total // 2
            size.append(asked or full - pads[a] - pads[a + rank])
        groups = given.get("group") or 1
        y = _scatter(x, w, groups, stride, dilation, begin, size)
        column = (-1, *(1,) * rank)
        return ((y if bias is None else y + bias.reshape(column)).astype(x.dtype),)


def _scatter(
    x: Array, w: Array, groups: int, stride: Any, dilation: Any, begin: Any, size: Any
) -> Array:
    """Every input element times the kernel, added where it reaches; `begin` is cut off."""
    batch, out = x.shape[0], w.shape[1]
    room = [b + m + s * n + d * k for b, m, s, n, d, k in zip(
        begin, size, stride, x.shape[2:], dilation, w.shape[2:], strict=True
    )]  # fmt: skip
    full = np.zeros((batch, groups, out, *room), np.result_type(x, w))
    xs = x.reshape(batch, groups, -1, *x.shape[2:])
    ws = w.reshape(groups, -1, out, *w.shape[2:])
    for tap in np.ndindex(*w.shape[2:]):
        reach = tuple(
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, n, s in zip(tap, dilation, x.shape[2:], stride, strict=True)
        )
        kernel = ws[(slice(None),) * 3 + tap]
        full[(slice(None),) * 3 + reach] += np.einsum("bgi...,gio->bgo...", xs, kernel)
    cut = tuple(slice(b, b + m) for b, m in zip(begin, size, strict=True))
    return full[(slice(None),) * 3 + cut].reshape(batch, -1, *size)
