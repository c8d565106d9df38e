"""The methods of --train: what each trains and keeps of one layer; as rows and as the README's."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from odl.adapt import registry
from odl.adapt.method import Adapter, Given, Method, Selection
from odl.adapt.parameters import Parameter
from odl.spec import Spec

HEAD = ("method", "trains", "settings", "trained bytes", "kept", "extra MAC", "paper")

NONE = ("", "", "")

DENSE, WINDOW = (64, 64), (64, 64, 3, 3)
"""Shapes of weights, for the table."""


def method_rows(shape: tuple[int, ...] = WINDOW) -> list[tuple[str, ...]]:
    """A row of HEAD for each method, sorted by name: for a layer whose weight has this shape.

    `kept` are values for each position that the gradients of the weight read again, `extra MAC`
    those of the forward part for each position.
    """
    return [(m.name, m.trains, ", ".join(m.settings), *_costs(m, shape), m.paper)
            for m in registry().values()]  # fmt: skip


def _costs(method: Method, shape: tuple[int, ...]) -> tuple[str, str, str]:
    outputs, channels, taps = shape[0], shape[1], math.prod(shape[2:])
    if isinstance(method, Selection):
        sizes = {"weight": outputs * channels * taps, "bias": outputs}
        spec, value = Spec("--train", method.name), ir.Value(name="layer")
        chosen = [r for r in sizes if method.chooses(Parameter(value, r, "layer", 0), 1, spec)]
        trained = sum(sizes[role] for role in chosen)
        return (f"{4 * trained:,}", str(channels * ("weight" in chosen)), "0") if chosen else NONE
    if not isinstance(method, Adapter):
        return NONE
    weight = np.random.default_rng(0).normal(size=(1, outputs, channels * taps))
    every = np.eye(channels * taps)[None]
    given = Given("layer", weight, channels, Spec("--train", method.name), 0, every)
    chain = method.declare(replace(given, rank=Adapter.ranks(method, [given])[0]))
    trained = chain.trained + (outputs if chain.bias else 0)
    return f"{4 * trained:,}", f"{chain.kept(channels, outputs):,}", f"{chain.macs:,}"


def markdown() -> str:
    """The table of the README: for a layer of 64 to 64 channels, and for the same with a window."""
    head = ("method", "trains", "settings", "bytes, 1x1", "kept", "bytes, 3x3", "kept", "paper")
    lines: list[tuple[str, ...]] = [head, ("---",) * len(head)]
    for small, large in zip(method_rows(DENSE), method_rows(WINDOW), strict=True):
        name, trains, settings, *costs, _, paper = small
        lines.append((f"`{name}`", trains, settings, *costs, *large[3:5], link(paper)))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def link(paper: str) -> str:
    number = paper.removeprefix("arXiv:")
    return f"[{number}](https://arxiv.org/abs/{number})" if paper else ""
