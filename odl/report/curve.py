"""Accuracy over the samples that a device has learnt, as SVG: a line for each test set."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree

from odl.errors import printable
from odl.report.svg import COLOURS, FONT, element, line, sheet, text, written

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 600, 64, 360
MARK = 3.5
ROOM = FONT + 3

Points = Sequence[tuple[int, float]]
"""Samples learnt, and the share of the test set that is told right."""


def curve(title: str, series: Mapping[str, Points], end: str = "") -> str:
    """The figure.

    Args:
        series: the points of each test set, from the first sample on.
        end: what stands under the title.
    """
    last = max(n for points in series.values() for n, _ in points) or 1
    svg = sheet(WIDTH, HEIGHT)
    svg.append(text(LEFT, TOP - 40, printable(title), size=15))
    svg.append(text(LEFT, TOP - 20, printable(end), fill="#666666"))
    svg.extend(_grid(last))
    ends = sorted((_height(points[-1][1]), name) for name, points in series.items())
    names = dict(zip((n for _, n in ends), _apart([h for h, _ in ends]), strict=True))
    for (name, points), colour in zip(series.items(), itertools.cycle(COLOURS), strict=False):
        svg.extend(_line(points, last, colour))
        label = f"{printable(name, 24)} {points[-1][1]:.1%}"
        svg.append(text(RIGHT + 10, names[name] + 4, label, fill=colour))
    return written(svg)


def _grid(last: int) -> Iterator[ElementTree.Element]:
    for percent in range(0, 101, 20):
        y = _height(percent / 100)
        yield line(LEFT, y, RIGHT, y, "#e6e6e6")
        yield text(LEFT - 8, y + 4, f"{percent} %", "end")
    for n in _ticks(last):
        yield text(_across(n, last), BOTTOM + 18, f"{n}", "middle")
    yield line(LEFT, BOTTOM, RIGHT, BOTTOM, "#888888")
    yield text((LEFT + RIGHT) / 2, BOTTOM + 40, "labelled samples learnt", "middle")


def _ticks(last: int) -> list[int]:
    """About five round numbers up to the last sample."""
    rough = last / 5
    unit = 10 ** (len(str(int(rough))) - 1) if rough >= 1 else 1
    step = next((unit * k for k in (1, 2, 5, 10) if unit * k >= rough), unit * 10)
    return list(range(0, last + 1, step))


def _line(points: Points, last: int, colour: str) -> Iterator[ElementTree.Element]:
    placed = [(_across(n, last), _height(share)) for n, share in points]
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    yield element("polyline", points=corners, fill="none", stroke=colour, stroke_width=1.8)
    for x, y in placed:
        yield element("circle", cx=x, cy=y, r=MARK, fill=colour)


def _across(n: int, last: int) -> float:
    return LEFT + n / last * (RIGHT - LEFT)


def _height(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)


def _apart(heights: Sequence[float]) -> list[float]:
    """Ascending heights, each a line below the one before."""
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + ROOM) if found else height)
    return found
