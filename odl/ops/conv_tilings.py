"""Tilings of convolutions and their gradients: by images, by rows of the result, by channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from odl.tiling import Args, Axis, Block, Piece, Span, Tiling

CHANNELS = 4
"""Of the result, which kernels compute at the same time."""


@dataclass(frozen=True)
class _Rows:
    """Rows of the input that rows of the output need."""

    begin: int
    end: int
    pad: int
    """Rows of padding above them."""


def rows_for(a: Args, s: Span) -> _Rows:
    first = s.begin * a["stride"][0] - a["pad"][0]
    last = (s.end - 1) * a["stride"][0] - a["pad"][0] + (a["size"][0] - 1) * a["dilation"][0]
    begin, end = max(0, first), min(a["in_hw"][0], last + 1)
    if begin >= end:  # nothing but padding: one row, which no tap meets
        begin = min(begin, a["in_hw"][0] - 1)
        end = begin + 1
    return _Rows(begin, end, begin - first if first < 0 else 0)


def _is_depthwise(a: Args) -> bool:
    return bool(a["groups"] == a["in_c"] > 1)


def conv_axes(a: Args) -> list[Axis]:
    """Images; rows and channels of a single one, for those of several are no block."""
    if a["batch"] > 1:
        return [Axis("batch", a["batch"])]
    axes = [Axis("rows", a["out_hw"][0])]
    if _is_depthwise(a):
        axes.append(Axis("maps", a["in_c"]))
    elif a["groups"] == 1:
        axes.append(Axis("channels", a["out_c"], CHANNELS))
    return axes


def _conv_piece(a: Args, spans: dict[str, Span]) -> Piece:
    images = spans.get("batch", Span(0, a["batch"]))
    rows = spans.get("rows", Span(0, a["out_hw"][0]))
    out = spans.get("channels", Span(0, a["out_c"]))
    into = spans.get("maps", Span(0, a["in_c"]))
    if _is_depthwise(a):
        each = a["out_c"] // a["in_c"]
        out = Span(into.begin * each, into.end * each)
    need, (high, wide) = rows_for(a, rows), a["in_hw"]
    per_filter = prod(a["size"]) * (a["in_c"] // a["groups"])
    changed = {
        "batch": images.size,
        "groups": into.size if _is_depthwise(a) else a["groups"],
        "in_c": into.size,
        "in_hw": (need.end - need.begin, wide),
        "out_c": out.size,
        "out_hw": (rows.size, a["out_hw"][1]),
        "pad": (need.pad, *a["pad"][1:]),
    }
    blocks = {
        "x": _image_block(images, a["in_c"], into, (high, wide), Span(need.begin, need.end)),
        "y": _image_block(images, a["out_c"], out, a["out_hw"], rows),
        "w": Block(out.begin * per_filter, out.size * per_filter),
    }
    if a["bias"] is not None:
        blocks["bias"] = Block(out.begin, out.size)
    if a["addend"] is not None:
        blocks["addend"] = blocks["y"]
    return Piece(changed, blocks)


def _image_block(images: Span, channels: int, part: Span, hw: tuple[int, int], rows: Span) -> Block:
    """Rows of some channels of some images, where they are equally far apart."""
    high, wide = hw
    plane = high * wide
    offset = (images.begin * channels + part.begin) * plane + rows.begin * wide
    if rows.size == high:
        if part.size == channels or images.size == 1:
            return Block(offset, images.size * part.size * plane)
        return Block(offset, part.size * plane, images.size, channels * plane)
    return Block(offset, rows.size * wide, images.size * part.size, plane)


conv = Tiling(conv_axes, _conv_piece)
"""Of conv2d and conv2d_depthwise."""


def gradient(x: Callable[[Args], int], dy: Callable[[Args], int]) -> Tiling:
    """Of a gradient of weights, by channels; x and dy have so many elements a channel."""

    def piece(a: Args, spans: dict[str, Span]) -> Piece:
        taps, plane, out_plane = prod(a["size"]), x(a), dy(a)
        if "groups" in spans:
            s = spans["groups"]
            sizes = {"x": plane, "dy": out_plane, "dw": taps}
            changed = {"groups": s.size, "in_c": s.size, "out_c": s.size}
            return Piece(changed, {k: Block(s.begin * n, s.size * n) for k, n in sizes.items()})
        out, into, filters = spans["out"], spans["in"], a["in_c"] * taps
        first = out.begin * filters + into.begin * taps
        blocks = {
            "x": Block(into.begin * plane, into.size * plane),
            "dy": Block(out.begin * out_plane, out.size * out_plane),
            "dw": Block(first, into.size * taps, out.size, filters),
        }
        return Piece({"out_c": out.size, "in_c": into.size}, blocks)

    return Tiling(_gradient_axes, piece)


def _gradient_axes(a: Args) -> list[Axis]:
    if a["batch"] > 1:
        return []
    if a["groups"] == 1:
        out = Axis("out", a["out_c"], 2 * CHANNELS, CHANNELS)  # so many a team shares evenly
        return [out, Axis("in", a["in_c"], CHANNELS)]
    return [Axis("groups", a["groups"])] if a["groups"] == a["in_c"] == a["out_c"] else []


grad_weight = gradient(lambda a: prod(a["in_hw"]), lambda a: prod(a["out_hw"]))
"""Of conv2d_grad_weight."""
