"""What adapters save, by the planner's own account: who waits for the backward part."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from odl.compile import Compiled
from odl.program import Buffer
from tests.models import model
from tests.train.steps import compiled

DEPTH, CHANNELS, SIDE = 5, 16, 6


@cache
def stack() -> onnx.ModelProto:
    """Conv and Relu, again and again; every activation is of the same size."""
    rng, lines = np.random.default_rng(0), []
    for i in range(DEPTH):
        x = "x" if i == 0 else f"r{i - 1}"
        lines.append(f"c{i} = Conv <pads = [1, 1, 1, 1]> ({x}, w{i}, b{i}) r{i} = Relu (c{i})")
    shape = f"float[1,{CHANNELS},{SIDE},{SIDE}]"
    text = f"stack ({shape} x) => (float[1,3] y) {{ {' '.join(lines)} "
    net = model(f"{text} f = Flatten (r{DEPTH - 1}) y = Gemm (f, wd, bd) }}")
    shapes = {f"w{i}": (CHANNELS, CHANNELS, 3, 3) for i in range(DEPTH)}
    shapes |= {f"b{i}": (CHANNELS,) for i in range(DEPTH)}  # type: ignore[misc]
    shapes |= {"wd": (CHANNELS * SIDE * SIDE, 3), "bd": (3,)}  # type: ignore[dict-item]
    for name, dims in shapes.items():
        values = rng.normal(0, 0.1, dims).astype(np.float32)
        net.graph.initializer.append(numpy_helper.from_array(values, name))
    return net


@cache
def made(train: str, dtype: str = "fp32") -> Compiled:
    return compiled(train, stack(), dtype=dtype)


def waiting(train: str, dtype: str = "fp32") -> list[Buffer]:
    """Buffers that the forward part leaves to the backward part, without states and inputs."""
    program = made(train, dtype).program
    assert program.training is not None
    half, known = program.training.forward, {s.tensor for s in program.states}
    known |= set(program.inputs)
    return [b for b in program.buffers if b.first < half <= b.last and b.name not in known]


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_frozen_factors_leave_r_values_a_position_and_a_bit_an_element(dtype: str) -> None:
    size, plane = (4 if dtype == "fp32" else 2), SIDE * SIDE
    for method in ("lora-fa:r=3", "core:r=3"):
        sizes = [b.size for b in waiting(method, dtype)]
        bits, ranks = CHANNELS * plane // 8, 3 * plane * size
        assert sizes.count(bits) == sizes.count(ranks) == DEPTH
        assert max(sizes) == ranks
    kept = [b.size for b in waiting("lora:r=3", dtype)]
    assert kept.count(CHANNELS * plane * size) >= DEPTH - 1


def test_less_learns_in_less_memory() -> None:
    full, lora, frozen = (made(t).program for t in ("full", "lora:r=4", "lora-fa:r=4"))
    stored = {t: sum(b.size for b in waiting(t)) for t in ("lora:r=4", "lora-fa:r=4", "paca:k=2")}
    assert stored["lora-fa:r=4"] <= 0.6 * stored["lora:r=4"]
    assert stored["paca:k=2"] < stored["lora-fa:r=4"]
    assert frozen.arena_bytes < 0.8 * lora.arena_bytes < 0.6 * full.arena_bytes
    assert frozen.macs < lora.macs < full.macs
    assert frozen.state_bytes < lora.state_bytes < full.state_bytes


def test_a_relu_whose_output_a_weight_gradient_reads_keeps_it() -> None:
    ops = [c.op for c in made("full").program.calls]
    assert ops.count("ai.odl.ReluGrad") == DEPTH
    assert [c.op for c in made("bias").program.calls].count("ai.odl.KeepByBits") == DEPTH
    assert "ai.odl.ReluGrad" not in [c.op for c in made("bias").program.calls]


def test_no_zeros_stand_in_flash() -> None:
    """Those that gradients of picked channels are added to are made in every run."""
    lora, paca = (made(t).program.constant_bytes for t in ("lora:r=4", "paca:k=2"))
    assert paca <= lora
