"""Rooflines: points stand where they belong, and labels do not touch."""

from __future__ import annotations

import itertools
import math
import random
from xml.etree import ElementTree

import pytest

from odl.report.roofline import (
    BOTTOM,
    FONT,
    HEIGHT,
    LEFT,
    LETTER,
    RIGHT,
    TOP,
    WIDTH,
    Box,
    Point,
    Scale,
    roofline,
)

SVG = "{http://www.w3.org/2000/svg}"
CEILINGS = {"fp32": 4.0, "fp16": 8.0}


def drawn(points: list[Point]) -> ElementTree.Element:
    return ElementTree.fromstring(
        roofline("figure", points, CEILINGS, 8.0, ("intensity", "rate"), "8 bytes")
    )


def labels(figure: ElementTree.Element, names: set[str]) -> dict[str, Box]:
    """Where the texts of `names` stand."""
    boxes = {}
    for e in figure.iter(f"{SVG}text"):
        if e.text in names:
            x, y, width = float(e.get("x", "")), float(e.get("y", "")), len(e.text) * LETTER
            boxes[e.text] = Box(x, y - FONT + 2, x + width, y + 2)
    return boxes


def test_a_logarithmic_axis() -> None:
    scale = Scale(0.1, 10.0, 100, 300)
    assert [scale.at(v) for v in (0.1, 1.0, 10.0)] == pytest.approx([100, 200, 300])
    assert scale.ticks() == pytest.approx([0.1, 0.2, 0.5, 1, 2, 5, 10])
    assert Scale(1e-3, 1e3, 0, 1).ticks() == pytest.approx([10.0**p for p in range(-3, 4)])


def test_points_stand_under_their_roof() -> None:
    figure = drawn([Point("ridge", "fp16", 8.0, 1.0), Point("half", "fp32", 2.0, 0.25)])
    (disc,) = figure.iter(f"{SVG}circle")
    roofs = [e.get("points", "").split() for e in figure.iter(f"{SVG}polyline")]
    knee = tuple(map(float, roofs[1][1].split(",")))
    square = next(e for e in figure.iter(f"{SVG}rect") if e.get("width") == "8")
    at = float(square.get("x", "")) + 4, float(square.get("y", "")) + 4
    assert at == pytest.approx(knee, abs=0.1)
    (a, b), (c, d) = (tuple(map(float, p.split(","))) for p in roofs[0][:2])
    x, y = float(disc.get("cx", "")), float(disc.get("cy", ""))
    assert (y - b) / (d - b) == pytest.approx((x - a) / (c - a), abs=0.01), "on the slope"


@pytest.mark.parametrize("seed", range(20))
def test_labels_do_not_touch(seed: int) -> None:
    rng = random.Random(seed)
    points = [
        Point(
            f"work number {i} {series}", series, CEILINGS[series] * rng.uniform(0.05, 1),
            rng.choice([None, math.exp(rng.uniform(0, 4))]),
        )
        for i, series in enumerate(["fp32", "fp16"] * 12)
    ]  # fmt: skip
    boxes = labels(drawn(points), {p.label for p in points})
    assert len(boxes) == len(points)
    for a, b in itertools.combinations(boxes.values(), 2):
        assert not a.meets(b)
    for p in points:
        box = boxes[p.label]
        assert box.left > (LEFT if p.intensity else RIGHT)
        assert box.right < (RIGHT if p.intensity else WIDTH)
        assert TOP - FONT < box.top < box.bottom < BOTTOM + FONT < HEIGHT


def test_names_are_escaped() -> None:
    assert "<script>" not in roofline(
        "<script>", [Point("<b>", "fp32", 1.0, None)], CEILINGS, 8.0, ("x", "y"), "z"
    )
