"""A roofline as SVG: rates over intensities on logarithmic axes, ceilings, a label for each point.

After Williams, Waterman and Patterson (2009). Points that move nothing have no intensity; they
stand in a strip of their own at the right.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from odl.report.svg import COLOURS, FONT, LETTER, element, line, sheet, text, written

WIDTH, HEIGHT = 1040, 620
LEFT, RIGHT, TOP, BOTTOM = 64, 720, 56, 560
STRIP = 52
"""Columns from the plot's right edge to the points that move nothing."""
COLUMN = 96
"""And to their labels."""
LINE = 15
"""Pixels from one label to the next."""
MARK = 4.5


@dataclass(frozen=True)
class Point:
    """One work."""

    label: str
    series: str
    rate: float
    intensity: float | None
    """Work over bytes moved; None: it moves nothing."""


@dataclass(frozen=True)
class Box:
    """Where something is drawn."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


class Scale:
    """A logarithmic axis: values from `low` to `high` between two pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """1, 2 and 5 times the powers of ten; the powers alone where they are many."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1, 2, 5) if len(powers) <= 4 else (1,)
        values = [s * 10.0**p for p in powers for s in steps]
        return [v for v in values if self.low <= v <= self.high]


def roofline(
    title: str,
    points: Sequence[Point],
    ceilings: Mapping[str, float],
    bandwidth: float,
    axes: tuple[str, str],
    slope: str,
) -> str:
    """The figure.

    Args:
        ceilings: the highest rate of each series.
        bandwidth: bytes moved in the unit of the rate.
        axes: what intensity and rate are called.
        slope: what the bandwidth is called.
    """
    known = [p.intensity for p in points if p.intensity]
    ridges = [rate / bandwidth for rate in ceilings.values()]
    rates = [p.rate for p in points]
    x = Scale(min(known + ridges) / 2.5, max(known + ridges) * 2.5, LEFT, RIGHT)
    y = Scale(min([*rates, *ceilings.values()]) / 1.6, max(ceilings.values()) * 1.6, BOTTOM, TOP)
    svg = sheet(WIDTH, HEIGHT)
    svg.append(text(LEFT, TOP - 32, title, size=15))
    svg.extend(_grid(x, y, axes))
    colours = dict(zip(ceilings, itertools.cycle(COLOURS), strict=False))
    taken: list[Box] = []
    for series, rate in ceilings.items():
        svg.extend(_roof(x, y, series, rate, bandwidth, colours[series], taken))
    foot = max(x.low, y.low / bandwidth) * 1.15
    left, base = x.at(foot) + 10, y.at(foot * bandwidth) + 4
    svg.append(text(left, base, slope))
    taken.append(Box(left, base - FONT, left + len(slope) * LETTER, base + 4))
    svg.extend(_moving(x, y, points, colours, taken))
    svg.extend(_still(y, points, colours))
    return written(svg)


def _grid(x: Scale, y: Scale, axes: tuple[str, str]) -> Iterator[ElementTree.Element]:
    for value in x.ticks():
        yield line(x.at(value), TOP, x.at(value), BOTTOM, "#e6e6e6")
        yield text(x.at(value), BOTTOM + 18, f"{value:g}", "middle")
    for value in y.ticks():
        yield line(LEFT, y.at(value), RIGHT, y.at(value), "#e6e6e6")
        yield text(LEFT - 8, y.at(value) + 4, f"{value:g}", "end")
    yield element(
        "rect", x=LEFT, y=TOP, width=RIGHT - LEFT, height=BOTTOM - TOP, fill="none",
        stroke="#888888",
    )  # fmt: skip
    yield text((LEFT + RIGHT) / 2, BOTTOM + 40, axes[0], "middle")
    yield text(LEFT, TOP - 10, axes[1])


def _roof(
    x: Scale, y: Scale, series: str, rate: float, bandwidth: float, colour: str, taken: list[Box]
) -> Iterator[ElementTree.Element]:
    """The slope of the bandwidth up to the ceiling, and the ceiling with its name above."""
    ridge, foot = rate / bandwidth, max(x.low, y.low / bandwidth)
    path = [(foot, foot * bandwidth), (ridge, rate), (x.high, rate)]
    corners = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in path)
    yield element("polyline", points=corners, fill="none", stroke=colour, stroke_width=1.6)
    yield line(RIGHT, y.at(rate), RIGHT + STRIP + 2 * MARK, y.at(rate), colour, 0.5)
    name, top = f"limit of {series}: {rate:g}", y.at(rate)
    taken.append(Box(RIGHT - 8 - len(name) * LETTER, top - 6 - FONT, RIGHT, top + 3))
    yield text(RIGHT - 8, top - 6, name, "end", colour)


def _mark(x: float, y: float, number: int, colour: str) -> ElementTree.Element:
    """A disc for the first series, squares for the others, so that print tells them apart."""
    if number == 0:
        return element("circle", cx=x, cy=y, r=MARK, fill=colour)
    side = 2 * MARK - 1
    return element("rect", x=x - side / 2, y=y - side / 2, width=side, height=side, fill=colour)


def _moving(
    x: Scale, y: Scale, points: Sequence[Point], colours: Mapping[str, str], taken: list[Box]
) -> Iterator[ElementTree.Element]:
    """Points in the plot, each with its label where nothing else stands yet."""
    placed = [(x.at(p.intensity), y.at(p.rate), p) for p in points if p.intensity]
    taken += [Box(a - MARK, b - MARK, a + MARK, b + MARK) for a, b, _ in placed]
    for a, b, p in placed:
        colour = colours[p.series]
        yield _mark(a, b, list(colours).index(p.series), colour)
        box = next((c for c in _places(a, b, p.label) if not any(map(c.meets, taken))), None)
        if box is not None:
            taken.append(box)
            middle = (box.top + box.bottom) / 2
            if abs(middle - b) > LINE / 2:
                yield line(a, b, box.right if box.right < a else box.left, middle, "#bbbbbb", 0.8)
            yield text(box.left, box.bottom - 3, p.label, "start", colour)


def _places(x: float, y: float, label: str) -> Iterator[Box]:
    """Beside the point, right and left, then ever higher and lower, inside the plot."""
    width = len(label) * LETTER
    for step in range(24):
        for sign, left in itertools.product((1, -1), (x + 8, x - 8 - width)):
            top = y - FONT / 2 - 2 + sign * step * LINE / 2
            box = Box(left, top, left + width, top + FONT + 2)
            if box.left > LEFT and box.right < RIGHT and box.top > TOP and box.bottom < BOTTOM:
                yield box


def _still(
    y: Scale, points: Sequence[Point], colours: Mapping[str, str]
) -> Iterator[ElementTree.Element]:
    """Points that move nothing, in a strip, and their labels in a column, tied to them."""
    still = sorted((p for p in points if not p.intensity), key=lambda p: -p.rate)
    if not still:
        return
    yield text(RIGHT + 12, BOTTOM + 18, "nothing moved")
    for p, middle in zip(still, _spread([y.at(p.rate) for p in still]), strict=True):
        colour, at = colours[p.series], y.at(p.rate)
        yield line(RIGHT + STRIP, at, RIGHT + COLUMN - 4, middle, "#bbbbbb", 0.8)
        yield _mark(RIGHT + STRIP, at, list(colours).index(p.series), colour)
        yield text(RIGHT + COLUMN, middle + 4, p.label, "start", colour)


def _spread(wanted: Sequence[float]) -> list[float]:
    """Heights near those wanted, which ascend, a line apart and inside the plot."""
    room = min(LINE, (BOTTOM - TOP) / len(wanted))
    found: list[float] = []
    for height in wanted:
        found.append(max(height, found[-1] + room if found else TOP))
    lowest = float(BOTTOM)
    for i in reversed(range(len(found))):
        found[i] = min(found[i], lowest)
        lowest = found[i] - room
    return found
