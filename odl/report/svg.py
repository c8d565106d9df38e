"""The few elements of SVG that figures are made of."""

from __future__ import annotations

from xml.etree import ElementTree

FONT = 12
"""Height of letters in pixels."""
LETTER = 6.3
"""Mean width of a letter, in pixels, rounded up."""
COLOURS = ("#1b62a5", "#c0451a", "#2f7d32", "#6a3d9a")


def sheet(width: int, height: int) -> ElementTree.Element:
    """An empty white figure."""
    svg = element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}")
    svg.set("font-family", "Helvetica, Arial, sans-serif")
    svg.set("font-size", str(FONT))
    svg.append(element("rect", width=width, height=height, fill="#ffffff"))
    return svg


def written(svg: ElementTree.Element) -> str:
    """The figure as text."""
    ElementTree.indent(svg)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def element(tag: str, **attributes: str | float) -> ElementTree.Element:
    words = {k.replace("_", "-"): v for k, v in attributes.items()}
    texts = {k: f"{v:.5g}" if isinstance(v, float) else str(v) for k, v in words.items()}
    return ElementTree.Element(tag, texts)


def text(
    x: float, y: float, text: str, anchor: str = "start", fill: str = "#222222", size: int = FONT
) -> ElementTree.Element:
    made = element("text", x=x, y=y, text_anchor=anchor, fill=fill, font_size=size)
    made.text = text
    return made


def line(
    x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1.0
) -> ElementTree.Element:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width)
