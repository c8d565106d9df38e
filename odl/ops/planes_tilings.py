"""Tilings of the convolutions over planes: by images, by rows of the result, by channels."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from odl.ops.conv_tilings import conv_axes, gradient
from odl.ops.tilings import leading
from odl.tiling import Args, Block, Piece, Span, Tiling

copies = leading(
    "n",
    x=lambda a: a["rows"] * a["columns"],
    y=lambda a: a["out_rows"] * a["phases"] * a["pitch"],
)
"""Of planes."""


def _line(a: Args) -> int:
    """Elements of a row of planes."""
    return int(a["stride"][1] * a["pitch"])


def _conv_piece(a: Args, spans: dict[str, Span]) -> Piece:
    if "batch" in spans:
        return _images(a, spans["batch"])
    rows = spans.get("rows", Span(0, a["out_hw"][0]))
    into, out = Span(0, a["in_c"]), spans.get("channels", Span(0, a["out_c"]))
    each = a["out_c"] // a["groups"]
    if "maps" in spans:
        into = spans["maps"]
        out = Span(into.begin * each, into.end * each)
    first, need = _rows_for(a, rows)
    line, (y_channel, y_row, y_column) = _line(a), a["y_stride"]
    y_size = (rows.size - 1) * y_row + (a["out_hw"][1] - 1) * y_column + 1
    changed: dict[str, Any] = {
        "groups": into.size if "maps" in spans else a["groups"],
        "in_c": into.size,
        "in_rows": need.size,
        "out_c": out.size,
        "out_hw": (rows.size, a["out_hw"][1]),
        "begin": (first - need.begin, a["begin"][1]),
        "y_stride": (y_size, y_row, y_column),
    }
    plane = a["in_rows"] * line
    blocks = {
        "x": Block(into.begin * plane + need.begin * line, need.size * line, into.size, plane),
        "y": Block(out.begin * y_channel + rows.begin * y_row, y_size, out.size, y_channel),
    }
    blocks["w"], changed["w_stride"] = _weights(a, out, into)
    changed |= derived({**a, **changed})
    if a["bias"] is not None:
        blocks["bias"] = Block(out.begin, out.size)
    if a["addend"] is not None:
        blocks["addend"] = blocks["y"]
    return Piece(changed, blocks)


def derived(a: Args) -> dict[str, Any]:
    """The arguments of conv2d_planes that kernels could compute from its others, at some cost."""
    (rows, _), size, stride, dilation = a["out_hw"], a["size"][0], a["stride"][0], a["dilation"][0]
    place = a["begin"][0] + np.add.outer(np.arange(rows) * stride, np.arange(size) * dilation)
    met = (place >= 0) & (place < a["in_rows"])
    inside = np.flatnonzero(met.all(1))
    ends = (int(inside[0]), int(inside[-1]) + 1) if inside.size else (0, 0)
    walk, rows_axis = _walk(a)
    return {"inside": ends, "met": int(met.sum()), "walk": walk, "rows_axis": rows_axis}


def _walk(a: Args) -> tuple[tuple[int, ...], int]:
    """The axes of a sum, a long one innermost, and which of them rows of taps are."""
    line, (_, _, *w) = _line(a), a["w_stride"]
    is_dealt = a["stride"][1] > 1
    maps = (a["in_c"] // a["groups"], w[0], a["in_rows"] * line)
    down = (a["size"][0], w[1], a["dilation"][0] * line)
    across = (a["size"][1], w[2], 1 if is_dealt else a["dilation"][1])
    first, middle = (across, down) if down[0] < across[0] and not is_dealt else (down, across)
    axes = (maps, middle, first) if maps[0] >= first[0] else (first, middle, maps)
    return tuple(v for axis in axes for v in axis), next(i for i in range(3) if axes[i] is down)


def _images(a: Args, images: Span) -> Piece:
    x, y = a["in_c"] * a["in_rows"] * _line(a), a["out_c"] * a["y_stride"][0]
    last = (a["out_c"] - 1) * a["y_stride"][0] + (a["out_hw"][0] - 1) * a["y_stride"][1]
    used = last + (a["out_hw"][1] - 1) * a["y_stride"][2] + 1
    y_block = Block(images.begin * y, (images.size - 1) * y + used)
    blocks = {"x": Block(images.begin * x, images.size * x), "y": y_block}
    if a["addend"] is not None:
        blocks["addend"] = y_block
    return Piece({"batch": images.size}, blocks)


def _rows_for(a: Args, rows: Span) -> tuple[int, Span]:
    """The row of the first tap, which may lie above all, and the rows that taps meet."""
    first = a["begin"][0] + rows.begin * a["stride"][0]
    reach = (rows.size - 1) * a["stride"][0] + max(a["size"][0] - 1, 0) * a["dilation"][0]
    begin = min(max(0, first), a["in_rows"] - 1)
    return first, Span(begin, min(max(begin, first + reach) + 1, a["in_rows"]))


def _weights(a: Args, out: Span, into: Span) -> tuple[Block, tuple[int, ...]]:
    """The filters of some channels, and their strides in the tile."""
    group, channel, inner, *taps = a["w_stride"]
    filters = prod((a["out_c"], a["in_c"] // a["groups"], _taps(a)))
    if out.size == a["out_c"]:
        return Block(0, filters), a["w_stride"]
    if a["groups"] > 1:
        return Block(into.begin * group, into.size * group), a["w_stride"]
    if channel > inner:  # each channel's filters stand together
        return Block(out.begin * channel, out.size * channel), a["w_stride"]
    row = out.size * channel
    return Block(out.begin * channel, row, a["in_c"], inner), (group, channel, row, *taps)


def _taps(a: Args) -> int:
    """Elements of a filter, of which a phase may use some alone."""
    group, channel, inner, *_ = a["w_stride"]
    return int(min(channel, inner) if a["in_c"] > a["groups"] else min(group, channel))


def _has_gaps(a: Args) -> bool:
    """Whether it writes every other element alone, as a phase of a gradient does."""
    return bool(a["y_stride"][2] != 1 or a["y_stride"][1] != a["out_hw"][1])


conv = Tiling(conv_axes, _conv_piece, _has_gaps)
"""Of conv2d_planes."""


grad_weight = gradient(lambda a: a["in_rows"] * _line(a), lambda a: a["out_hw"][0] * a["dy_pitch"])
"""Of conv2d_planes_grad_weight."""
