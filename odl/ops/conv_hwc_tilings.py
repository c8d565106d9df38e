"""Tilings of the depthwise convolutions whose channels stand side by side."""

from __future__ import annotations

from math import prod
from typing import Any

from odl.ops.conv_tilings import rows_for
from odl.tiling import Args, Axis, Block, Piece, Span, Tiling

CHANNELS = 8
"""That cores share with their columns and rows; for gradients of weights they share them alone."""
LEAST = 2
"""Channels in a word of half precision."""


def _axes(a: Args) -> list[Axis]:
    """Images; rows and channels of a single one."""
    if a["batch"] > 1:
        return [Axis("batch", a["batch"])]
    return [Axis("rows", a["out_hw"][0]), Axis("channels", a["channels"], CHANNELS, LEAST)]


def _piece(a: Args, spans: dict[str, Span]) -> Piece:
    images = spans.get("batch", Span(0, a["batch"]))
    rows = spans.get("rows", Span(0, a["out_hw"][0]))
    part = spans.get("channels", Span(0, a["channels"]))
    need, (high, wide), (out_high, out_wide) = rows_for(a, rows), a["in_hw"], a["out_hw"]
    changed: dict[str, Any] = {
        "batch": images.size,
        "channels": part.size,
        "in_hw": (need.end - need.begin, wide),
        "out_hw": (rows.size, out_wide),
        "pad": (need.pad, a["pad"][1]),
    }
    lines = Span(images.begin * high + need.begin, (images.end - 1) * high + need.end)
    out_lines = Span(images.begin * out_high + rows.begin, (images.end - 1) * out_high + rows.end)
    taps = prod(a["size"])
    blocks = {
        "x": _positions(lines, wide, part, a["channels"]),
        "y": _positions(out_lines, out_wide, part, a["channels"]),
        "w": Block(part.begin * taps, part.size * taps),
    }
    if a["bias"] is not None:
        blocks["bias"] = Block(part.begin, part.size)
    return Piece(changed, blocks)


def _positions(lines: Span, wide: int, part: Span, channels: int) -> Block:
    """Some channels of all positions of some lines."""
    offset = lines.begin * wide * channels + part.begin
    return Block(offset, part.size, lines.size * wide, channels)


conv = Tiling(_axes, _piece)
"""Of conv2d_hwc_depthwise."""


def _gradient_axes(a: Args) -> list[Axis]:
    return [Axis("channels", a["channels"], 2 * CHANNELS, LEAST)]


def _gradient_piece(a: Args, spans: dict[str, Span]) -> Piece:
    part, taps = spans["channels"], prod(a["size"])
    (high, wide), (out_high, out_wide) = a["in_hw"], a["out_hw"]
    blocks = {
        "x": _positions(Span(0, a["batch"] * high), wide, part, a["channels"]),
        "dy": _positions(Span(0, a["batch"] * out_high), out_wide, part, a["channels"]),
        "dw": Block(part.begin * taps, part.size * taps),
    }
    return Piece({"channels": part.size}, blocks)


grad_weight = Tiling(_gradient_axes, _gradient_piece)
"""Of conv2d_hwc_depthwise_grad_weight."""
