"""The quantised form of each operator: its name, inputs and attributes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.ops.node import Node, constant_value
from odl.ops.windows import window
from odl.transform.quantisers import Editor, quantisation, source

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Form:
    """All inputs but those of the result."""

    op: str
    inputs: list[ir.Value | None]
    attributes: dict[str, Any]


def _activation(edit: Editor, value: ir.Value | None) -> list[ir.Value | None] | None:
    """Integers, scale and zero point of a tensor that is quantised as a whole."""
    before = source(value)
    found = quantisation(before)
    if before is None or found is None or found.kind not in (np.int8, np.uint8):
        return None
    return _triple(edit, before)


def _triple(edit: Editor, before: ir.Node) -> list[ir.Value | None]:
    integers, scale, *zero = before.inputs
    if zero and zero[0] is not None:
        return [integers, scale, zero[0]]
    assert integers is not None
    assert integers.dtype is not None
    assert scale is not None
    assert scale.shape is not None
    shape = tuple(int(d) for d in scale.shape)  # type: ignore[arg-type]
    none = np.zeros(shape, integers.dtype.numpy())
    return [integers, scale, edit.constant(f"{integers.name}/zero", none)]


def _weights(edit: Editor, value: ir.Value | None, axis: int) -> list[ir.Value | None] | None:
    """The same of constants, with a scale for the whole or for each element along `axis`."""
    before = source(value)
    if before is None or Node(before).attr("block_size", 0):
        return None
    integers, scale = (constant_value(v) if v is not None else None for v in before.inputs[:2])
    if integers is None or scale is None or scale.dtype != np.float32:
        return None
    if any(v is not None and constant_value(v) is None for v in before.inputs):
        return None
    if scale.size > 1 and Node(before).attr("axis", 1) % integers.ndim != axis % integers.ndim:
        return None
    return _triple(edit, before)


def _bias(
    edit: Editor, name: str, value: ir.Value | None, unit: Array, channels: int
) -> list[ir.Value | None] | None:
    """A bias as it is quantised, or quantised in units of the products; 0 where there is none."""
    before = source(value)
    given = None
    if before is not None:
        triple = _weights(edit, value, 0)
        bias = constant_value(before.inputs[0]) if before.inputs[0] is not None else None
        if triple is not None and bias is not None and bias.shape == (channels,):
            return triple
        if triple is None or bias is None:
            return None
        parts = [constant_value(v) for v in triple if v is not None]
        given = (parts[0].astype(np.int64) - parts[2]) * parts[1].astype(np.float64)  # type: ignore[union-attr, operator]
    elif value is not None:
        given = constant_value(value)
        if given is None:
            return None
    unit = np.broadcast_to(unit.astype(np.float32), channels)
    real = np.zeros(channels) if given is None else given.astype(np.float64)
    if real.size not in (1, channels):
        return None
    whole = np.rint(np.broadcast_to(real.ravel(), channels) / unit)
    if not np.all(np.abs(whole) < 2**31):
        return None
    return [
        edit.constant(f"{name}/bias", whole.astype(np.int32)),
        edit.constant(f"{name}/bias_scale", unit),
        edit.constant(f"{name}/bias_zero", np.zeros(channels, np.int32)),
    ]


def _unit(x: list[ir.Value | None], w: list[ir.Value | None]) -> Array:
    """x_scale * w_scale."""
    scales = [constant_value(v[1]) for v in (x, w) if v[1] is not None]
    assert scales[0] is not None
    assert scales[1] is not None
    return np.asarray(scales[0].ravel() * scales[1].ravel())


def _conv(edit: Editor, node: ir.Node) -> Form | None:
    x, w = _activation(edit, node.inputs[0]), _weights(edit, node.inputs[1], 0)
    view = Node(node)
    if x is None or w is None or len(view.shape()) not in (3, 4):
        return None
    value = node.inputs[2] if len(node.inputs) > 2 else None
    bias = _bias(edit, view.name, value, _unit(x, w), view.shape(1)[0])
    if bias is None:
        return None
    g = window(view, view.shape(1)[2:])
    attributes = {
        "dilations": list(g.dilation),
        "group": view.attr("group", 1),
        "pads": [*g.pad, *g.end],
        "strides": list(g.stride),
    }
    return Form("QConv", [*x, *w, *bias], attributes)


def _matmul(edit: Editor, node: ir.Node) -> Form | None:
    x, other = _activation(edit, node.inputs[0]), node.inputs[1]
    w = _activation(edit, other) or _weights(edit, other, -1)
    return None if x is None or w is None else Form("QMatMul", [*x, *w], {})


def _gemm(edit: Editor, node: ir.Node) -> Form | None:
    view = Node(node)
    flipped = bool(view.attr("transB", 0))
    x = _activation(edit, node.inputs[0])
    w = _weights(edit, node.inputs[1], 0 if flipped else 1)
    if x is None or w is None or view.attr("alpha", 1.0) != 1 or view.attr("beta", 1.0) != 1:
        return None
    value = node.inputs[2] if len(node.inputs) > 2 else None
    bias = _bias(edit, view.name, value, _unit(x, w), view.out_shape()[1])
    if bias is None:
        return None
    if not flipped and w[0] is not None:
        matrix = constant_value(w[0])
        assert matrix is not None
        w = [edit.constant(f"{w[0].name}/transposed", matrix.T), *w[1:]]
    return Form("QGemm", [*x, *w, *bias], {"transA": view.attr("transA", 0), "transB": 1})


def _binary(edit: Editor, node: ir.Node) -> Form | None:
    pair = [_activation(edit, v) for v in node.inputs]
    if pair[0] is None or pair[1] is None:
        return None
    return Form(f"Q{node.op_type}", [*pair[0], *pair[1]], {})


def _average_pool(edit: Editor, node: ir.Node) -> Form | None:
    x, view = _activation(edit, node.inputs[0]), Node(node)
    if x is None:
        return None
    g = window(view, view.attr("kernel_shape", ()))
    automatic = view.attr("auto_pad", "NOTSET") != "NOTSET"
    attributes = {
        "auto_pad": "NOTSET",
        "ceil_mode": 0 if automatic else view.attr("ceil_mode", 0),
        "count_include_pad": view.attr("count_include_pad", 0),
        "dilations": list(g.dilation),
        "kernel_shape": list(g.size),
        "pads": [*g.pad, *g.end],
        "strides": list(g.stride),
    }
    return Form("QAveragePool", list(x), attributes)


def _reduce_mean(edit: Editor, node: ir.Node) -> Form | None:
    x, view = _activation(edit, node.inputs[0]), Node(node)
    if x is None:
        return None
    axes = view.const(1, "axes").ravel().tolist() if view.has(1) else []
    if not axes:
        if view.attr("noop_with_empty_axes", 0):
            return None
        axes = list(range(len(view.shape())))
    constant = edit.constant(f"{view.name}/axes", np.array(axes, np.int64))
    return Form("QReduceMean", [*x, constant], {"keepdims": view.attr("keepdims", 1)})


FORMS: dict[str, Callable[[Editor, ir.Node], Form | None]] = {
    "Add": _binary,
    "AveragePool": _average_pool,
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Mul": _binary,
    "ReduceMean": _reduce_mean,
    "Sub": _binary,
}
"""By operator of the standard; None where the node has no such form."""
