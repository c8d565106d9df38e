"""Learning curves as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

from odl.report.curve import curve

SPACE = "{http://www.w3.org/2000/svg}"


def test_every_point_and_the_last_accuracies() -> None:
    series = {"left": [(0, 0.2), (100, 0.9)], "right": [(0, 0.8), (100, 0.9)]}
    svg = ElementTree.fromstring(curve("watch learns", series, "naive"))
    texts = [t.text for t in svg.iter(f"{SPACE}text")]
    assert {"watch learns", "naive", "left 90.0%", "right 90.0%", "100"} <= set(texts)
    circles = list(svg.iter(f"{SPACE}circle"))
    assert len(circles) == 4
    heights = [float(c.get("cy", "")) for c in circles]
    assert heights[0] > heights[2] > heights[1] == heights[3]
    labels = {t.text: float(t.get("y", "")) for t in svg.iter(f"{SPACE}text")}
    assert abs(labels["left 90.0%"] - labels["right 90.0%"]) >= 12


def test_names_are_text_and_not_markup() -> None:
    svg = ElementTree.fromstring(curve("<b>&", {"</svg>": [(0, 0.0)]}))
    assert any(t.text == "</svg> 0.0%" for t in svg.iter(f"{SPACE}text"))
