"""Estimated cycles of what layouts are chosen by: depthwise convolutions and copies on a cluster.

Fitted to measurements of eight PULP cores, images of 6x6 to 32x32 and 8 to 128 channels.
"""

from __future__ import annotations

from math import prod

from odl.tiling import Args

CORES = 8
WORD = 4
SLIDING = (3, 3)
"""The window of which a row is loaded once for all rows of the result that it belongs to."""


def _slides(a: Args) -> bool:
    return (a["size"], a["stride"], a["dilation"]) == (SLIDING, (1, 1), (1, 1))


def copy(a: Args, size: int) -> float:
    """An element at a time."""
    return 0.8 * prod(a["dims"])


def planes(a: Args, size: int) -> float:
    """A row at a time."""
    rows = a["n"] * a["out_rows"] * a["phases"]
    return float((150 * a["n"] + rows * (16 + 2.3 * a["pitch"])) / CORES)


def planes_depthwise(a: Args, size: int) -> float:
    """Channel by channel, as many columns at a time as a word has room for."""
    (rows, columns), taps = a["out_hw"], prod(a["size"])
    words = -(-columns // (WORD // size))
    column = 70 + 21 * rows if _slides(a) else (25 + 21 * taps) * rows
    return float(a["batch"] * a["out_c"] * (600 + words * column) / CORES)


def hwc_depthwise(a: Args, size: int) -> float:
    """As many channels at a time as a word has room for."""
    positions, taps = prod(a["out_hw"]), prod(a["size"])
    words = a["batch"] * -(-a["channels"] // (WORD // size))
    return float(words * (900 + positions * (22 if _slides(a) else 30 + 60 * taps)) / CORES)
