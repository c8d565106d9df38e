"""Convolutions over planes: copies of the input in which what a tap meets is contiguous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from odl.ops import estimates, planes_tilings
from odl.ops.node import Node
from odl.ops.operator import HALF_SUM, product
from odl.ops.tilings import estimated, tiled
from odl.ops.wide import ended, wide
from odl.program import Call, In, Kernel, Out, Ref, kernel

Ints = tuple[int, ...]


@estimated(estimates.planes)
@tiled(planes_tilings.copies)
@kernel
def planes(
    x: In,
    y: Out,
    n: int,
    rows: int,
    columns: int,
    top: int,
    left: int,
    out_rows: int,
    phases: int,
    pitch: int,
) -> None:
    """y[n, r, f, t] = x[n, r - top, t * phases + f - left], or 0 where x has none."""
    image = x[: n * rows * columns].reshape(n, rows, columns)
    row = np.arange(out_rows)[:, None] - top
    column = np.arange(pitch * phases) - left
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    full = image[:, row.clip(0, rows - 1), column.clip(0, columns - 1)]
    dealt = np.where(inside, full, 0).reshape(n, out_rows, pitch, phases)
    y[: dealt.size] = dealt.swapaxes(2, 3).ravel()


@tiled(planes_tilings.conv)
@kernel
def conv2d_planes(
    x: In,
    w: In,
    bias: In | None,
    addend: In | None,
    y: Out,
    batch: int,
    groups: int,
    in_c: int,
    in_rows: int,
    pitch: int,
    out_c: int,
    out_hw: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    begin: tuple[int, ...],
    w_begin: int,
    w_stride: tuple[int, ...],
    y_stride: tuple[int, ...],
    relu: int,
    inside: tuple[int, ...],
    met: int,
    walk: tuple[int, ...],
    rows_axis: int,
) -> None:
    """Tap (i, j) of output (r, t) is in row begin + r * stride + i * dilation, and begin + t
    elements on from position j * dilation of those that the phases share out.

    An addend stands as y does; relu makes 0 of what is negative.
    """
    in_group, out_group = in_c // groups, out_c // groups
    steps = (groups, out_group, in_group, *size)
    places = np.tensordot(w_stride, np.indices(steps).reshape(5, -1), 1).reshape(steps)
    weights = wide(w[w_begin + places])
    rows = begin[0] + np.arange(out_hw[0]) * stride[0]
    b, c = np.arange(batch)[:, None, None, None], np.arange(in_c)[:, None, None]
    out = np.zeros((batch, groups, out_group, *out_hw), np.float32)
    if bias is not None:
        out += wide(bias[:out_c]).reshape(groups, out_group, 1, 1)
    for i, j in np.ndindex(*size):
        row, at = rows + i * dilation[0], j * dilation[1]
        lies = (row >= 0) & (row < in_rows)
        line = (b * in_c + c) * in_rows + row.clip(0, in_rows - 1)[:, None]
        first = (line * stride[1] + at % stride[1]) * pitch + at // stride[1] + begin[1]
        places = first + np.arange(out_hw[1])
        part = np.where(lies[:, None], wide(x[np.where(lies[:, None], places, 0)]), 0)
        part = part.reshape(batch, groups, in_group, *out_hw)
        out += np.einsum("bgchw,goc->bgohw", part, weights[..., i, j], optimize=True)
    channel = np.arange(batch * out_c)[:, None, None] * y_stride[0]
    to = channel + np.arange(out_hw[0])[:, None] * y_stride[1] + np.arange(out_hw[1]) * y_stride[2]
    added = None if addend is None else addend[to.ravel()]
    y[to.ravel()] = ended(out, added, relu).ravel()


conv2d_planes_depthwise = Kernel(
    "conv2d_planes_depthwise",
    conv2d_planes.run,
    planes_tilings.conv,
    cycles=estimates.planes_depthwise,
)


SEGMENTS = 40
"""A sum of more runs of evenly spaced steps is stored on the way, in its own type."""


def planes_kernel(node: Node, taps: int) -> Kernel:
    """The one that convolves planes, for so many taps in a filter of a channel."""
    lone = node.attr("group", 1) == node.shape()[1] > 1 and taps <= HALF_SUM
    return conv2d_planes_depthwise if lone and not node.sums_in_single else conv2d_planes


def may_convolve(node: Node, size: Ints, strides: int) -> bool:
    """Whether planes do for a node's sums over its channels and taps."""
    maps = node.shape()[1] // node.attr("group", 1)
    longest = max(maps, size[0] if strides > 1 else max(size))
    return not node.sums_in_single or maps * product(size) // longest <= SEGMENTS


@tiled(planes_tilings.grad_weight)
@kernel
def conv2d_planes_grad_weight(
    x: In,
    dy: In,
    dw: Out,
    batch: int,
    groups: int,
    in_c: int,
    in_rows: int,
    pitch: int,
    out_c: int,
    out_hw: tuple[int, ...],
    dy_pitch: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    begin: tuple[int, ...],
    by_rows: int,
) -> None:
    """dw[o, c, i, j] = sum over images and positions of dy[b, o, p] * x[b, c, tap i, j of p]."""
    v = wide(x[: batch * in_c * in_rows * stride[1] * pitch])
    v = v.reshape(batch, groups, -1, in_rows, stride[1], pitch)
    g = wide(dy[: batch * out_c * out_hw[0] * dy_pitch]).reshape(
        batch, groups, -1, out_hw[0], dy_pitch
    )
    out = np.zeros((groups, out_c // groups, in_c // groups, *size), np.float32)
    for i, j in np.ndindex(*size):
        rows, at = begin[0] + i * dilation[0] + np.arange(out_hw[0]) * stride[0], j * dilation[1]
        met = (rows >= 0) & (rows < in_rows)
        first = begin[1] + at // stride[1]
        part = v[:, :, :, rows[met], at % stride[1], first : first + out_hw[1]]
        out[..., i, j] = np.einsum(
            "bgohw,bgchw->goc", g[:, :, :, met, : out_hw[1]], part, optimize=True
        )
    dw[: out.size] = out.ravel()


conv2d_planes_depthwise_grad_weight = Kernel(
    "conv2d_planes_depthwise_grad_weight",
    conv2d_planes_grad_weight.run,
    planes_tilings.grad_weight,
)


def sums_columns(groups: int, in_c: int, images: int, out_hw: Ints, size: Ints) -> bool:
    """Whether the depthwise kernel may sum up a filter's gradient column by column of pairs.

    In half precision the sums and their number must stay within what `gamma` allows.
    """
    rows, columns = out_hw[0], -(-out_hw[1] // 2)
    terms = images * product(out_hw)
    longest = min(rows, HALF_SUM) + images * columns * -(-rows // 64)
    is_short = longest <= min(terms, HALF_SUM) + terms // 64
    return groups == in_c > 1 and size == (3, 3) and is_short


@dataclass(frozen=True)
class Planes:
    """Where the planes of a tensor [batch, channels, rows, columns] are, and how they are made."""

    ref: Ref
    calls: list[Call]
    rows: int
    pitch: int


def even(n: int) -> int:
    return n + n % 2


def make_planes(
    node: Node,
    i: int,
    *,
    hw: Ints,
    left: int,
    pitch: int,
    phases: int = 1,
    rows: tuple[int, int] | None = None,
) -> Planes:
    """The planes of input `i`; `rows` are how many they have, and how many zero ones come first."""
    out_rows, top = rows or (hw[0], 0)
    n = product(node.shape(i)[:2])
    y = node.new_scratch(f"planes{i}", node.dtype(i), (n, out_rows, phases, pitch))
    args: dict[str, Any] = {
        "x": node.input(i),
        "y": y,
        "n": n,
        "rows": hw[0],
        "columns": hw[1],
        "top": top,
        "left": left,
        "out_rows": out_rows,
        "phases": phases,
        "pitch": pitch,
    }
    call = Call(planes, f"b{8 * node.dtype(i).size}", args)
    return Planes(y, [call], out_rows, pitch)
