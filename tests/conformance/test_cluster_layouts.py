"""Convolutions over channels that stand side by side: on PULP cores and by the portable bodies."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper

from tests.conformance.test_cluster_convolutions import (
    TYPES,
    Case,
    Ints,
    Model,
    assembled,
    check,
    compiled,
    plain,
)
from tests.firmware.hostcc import FIRMWARE


def depthwise(
    channels: int, image: Ints, size: Ints = (3, 3), pad: int = 1, stride: int = 1
) -> Case:
    return plain(channels, channels, image, size, stride, pad, channels)


SHAPES = (
    depthwise(16, (25, 5)),
    depthwise(9, (7, 4)),
    depthwise(4, (1, 1)),
    depthwise(6, (2, 3), pad=2),
    depthwise(8, (12, 9), pad=0),
    depthwise(3, (120, 2)),  # sums too long for half precision
    depthwise(4, (9, 8), stride=2),
    depthwise(5, (6, 7), (5, 2), pad=1),
    Case(2, 6, (6, 6), (8, 5), (3, 3), (1, 1), (1, 1), (2, 0), (0, 1)),
    Case(1, 4, (4, 4), (9, 9), (3, 3), (1, 1), (2, 2), (2, 2), (2, 2)),
    Case(2, 3, (3, 3), (6, 6), (3, 3), (1, 2), (1, 1), (1, 1), (1, 1)),
    plain(6, 10, (5, 7), (1, 1)),
    plain(64, 24, (5, 5), (1, 1)),
    Case(3, 1, (7, 5), (2, 3), (1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
)


def random_case(rng: np.random.Generator) -> Case:
    """Depthwise, mostly with windows that slide."""
    channels, batch = int(rng.integers(1, 20)), int(rng.choice([1, 1, 2]))
    size = (3, 3) if rng.random() < 0.7 else tuple(int(v) for v in rng.integers(1, 5, 2))
    image = tuple(int(v) for v in rng.integers(1, 14, 2))
    begin, end = (tuple(int(rng.integers(0, k)) for k in size) for _ in range(2))
    image = tuple(max(n, k - p - e) for n, k, p, e in zip(image, size, begin, end, strict=True))
    return Case(batch, channels, (channels, channels), image, size, (1, 1), (1, 1), begin, end)


def model(kind: str, cases: list[Case], seed: int) -> Model:
    """The result, with and without Relu, and the gradients, of each case."""
    _, numpy = TYPES[kind]
    rng = np.random.default_rng(seed)
    nodes, outputs = list[onnx.NodeProto](), []
    inputs = dict[str, npt.NDArray[Any]]()
    for i, c in enumerate(cases):
        into, out = c.channels
        shapes = {
            f"x{i}": (c.batch, *c.image, into),
            f"w{i}": (out, into // c.groups, *c.size),
            f"b{i}": (out,),
            f"dy{i}": (c.batch, *c.out, out),
        }
        inputs |= {k: rng.standard_normal(s).astype(numpy) for k, s in shapes.items()}
        x, w, b, dy = shapes
        same: dict[str, Any] = {
            "kernel_shape": c.size,
            "strides": c.stride,
            "dilations": c.dilation,
            "pads": (*c.begin, *c.end),
            "group": c.groups,
            "domain": "ai.odl",
        }
        made = [
            ("ConvHWC", [x, w, ""], f"y{i}", shapes[dy]),
            ("ConvHWCRelu", [x, w, b], f"positive{i}", shapes[dy]),
            ("ConvHWCGradWeight", [x, dy], f"dw{i}", shapes[w]),
        ]
        if c.groups == 1 and set(c.size) == {1}:
            made.append(("ConvHWCAddRelu", [x, w, b, dy], f"sum{i}", shapes[dy]))
        if set(c.stride) == {1}:
            made.append(("ConvHWCGradInput", [dy, w], f"dx{i}", shapes[x]))
        nodes += [helper.make_node(op, names, [y], **same) for op, names, y, _ in made]
        outputs += [(y, shape) for *_, y, shape in made]
    return assembled(kind, nodes, inputs, dict(outputs))


@cache
def usual(kind: str) -> Model:
    rng = np.random.default_rng(7)
    return model(kind, [*SHAPES, *(random_case(rng) for _ in range(4))], 7)


@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_computes_the_same_within_the_bounds(kind: str, tmp_path: Path) -> None:
    program = compiled(usual(kind), f"layouts_{kind}", "gap9")
    header = (FIRMWARE / "include/odl/kernels/xpulp.h").read_text(encoding="utf-8")
    kernels = re.findall(rf"\bodl_conv2d_hwc\w*_{kind}_xpulp\b", header)
    called = {call.function for call in program.program.calls}
    assert len(kernels) == 2
    assert called - {""} == {*kernels, f"odl_matmul_{kind}_xpulp", f"odl_copy_b{kind[1:]}_xpulp"}
    check(usual(kind), program, tmp_path / "program", 8, 1, 3)


@pytest.mark.parametrize("kind", list(TYPES))
def test_the_portable_bodies_compute_the_same(kind: str, tmp_path: Path) -> None:
    program = compiled(usual(kind), f"portable_{kind}", "host")
    assert any("hwc" in call.function for call in program.program.calls)
    check(usual(kind), program, tmp_path / "program", 1)


@pytest.mark.parametrize("kind", list(TYPES))
def test_random_convolutions(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    is_slow = request.config.getoption("--slow")
    for seed in range(20 if is_slow else 1):
        rng = np.random.default_rng(200 + seed)
        made = model(kind, [random_case(rng) for _ in range(30 if is_slow else 6)], seed)
        check(made, compiled(made, f"random_{kind}", "gap9"), tmp_path / str(seed), 8)
