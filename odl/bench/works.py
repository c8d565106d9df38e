"""What is measured, a line each, and what others have published of the same or similar works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import onnx

from odl.bench.kernels import conv_step, product
from odl.bench.networks import ds_cnn, resnet8


@dataclass(frozen=True)
class Work:
    """One model, run once, or trained for one step."""

    name: str
    model: Callable[[str], onnx.ModelProto]
    """Given the precision; one that ignores it is turned to it by the compiler."""
    train: bool = False
    parts: bool = False
    """Whether each node has a line, too."""
    times: int = 1
    """So often each step is run in a row. A single kernel is measured warm, as the peers' are, and
    caches that replace lines at random take some calls to hold it."""


WARM = 8


WORKS = (
    Work("matmul 32x32x32", lambda dtype: product(32, 32, 32, dtype), times=WARM),
    Work("matmul 64x64x64", lambda dtype: product(64, 64, 64, dtype), times=WARM),
    Work("matmul 8x72x64", lambda dtype: product(8, 72, 64, dtype), times=WARM),
    Work("matmul 9x65x63", lambda dtype: product(9, 65, 63, dtype), times=WARM),
    Work("conv2d step", conv_step, parts=True, times=WARM),
    Work("resnet8 forward", lambda dtype: resnet8()),
    Work("resnet8 training step", lambda dtype: resnet8(), train=True),
    Work("ds-cnn forward", lambda dtype: ds_cnn()),
    Work("ds-cnn training step", lambda dtype: ds_cnn(), train=True),
)


@dataclass(frozen=True)
class Peer:
    """Multiply-accumulates a cycle that others have reached with a work."""

    work: str
    dtype: str
    cores: int
    figure: str
    source: str
    """Its letter in SOURCES."""


PEER_TARGET = "gap9"
"""The machine that is of the kind that the peers ran on."""

SOURCES = {
    "a": "PULP-TrainLib 7bfc7601, its best correct kernel on GVSoC pulp-open, data in L1, warm",
    "b": "Nadalini et al., arXiv 2305.19167, on GAP9, as published: other shapes or counting",
}

PEERS = (
    Peer("matmul 32x32x32", "fp32", 8, "3.44", "a"),
    Peer("matmul 32x32x32", "fp16", 8, "5.83", "a"),
    Peer("matmul 64x64x64", "fp32", 8, "3.75", "a"),
    Peer("matmul 64x64x64", "fp16", 8, "6.68", "a"),
    Peer("matmul 64x64x64", "fp32", 1, "0.548", "a"),
    Peer("matmul 64x64x64", "fp16", 1, "0.917", "a"),
    Peer("matmul 8x72x64", "fp32", 8, "3.33", "a"),
    Peer("matmul 8x72x64", "fp16", 8, "6.01", "a"),
    Peer("conv2d forward", "fp32", 8, "1.75 (21,075 cycles)", "a"),
    Peer("conv2d forward", "fp16", 8, "2.01 (18,338 cycles)", "a"),
    Peer("conv2d weight gradient", "fp32", 8, "1.75 (21,027 cycles)", "a"),
    Peer("conv2d weight gradient", "fp16", 8, "1.59 (23,134 cycles)", "a"),
    Peer("conv2d input gradient", "fp32", 8, "0.98 (37,797 cycles)", "a"),
    Peer("conv2d input gradient", "fp16", 8, "1.05 (35,154 cycles)", "a"),
    Peer("conv2d step", "fp32", 8, "1.38 (79,899 cycles)", "a"),
    Peer("conv2d step", "fp16", 8, "1.44 (76,626 cycles)", "a"),
    Peer("resnet8 training step", "fp16", 8, "3.11", "b"),
    Peer("ds-cnn training step", "fp16", 8, "0.81", "b"),
)


def peer(work: str, dtype: str, cores: int, target: str) -> str:
    """The peer's figure and the letter of its source, if there is one."""
    same = (p for p in PEERS if (p.work, p.dtype, p.cores) == (work, dtype, cores))
    found = next(same, None) if target == PEER_TARGET else None
    return f"{found.figure} {found.source}" if found else ""
