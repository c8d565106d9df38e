"""Vector functions give the same bits as those of math.h, whose errors test_math.py measures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from odl.build.build import build
from odl.compile import Options, compile_to
from odl.project import read
from odl.run.simulator import Simulator
from tests.models import relu_net, write

SWEEP = Path(__file__).with_name("vector_sweep.c")
FUNCTIONS = ("exp", "sigmoid", "tanh")
STRIDE, SLOW_STRIDE = 4093, 251
"""Odd, so that the mantissas vary."""


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("toolchain", ["zig", "clang"])
def test_vector_functions_give_the_bits_of_the_scalar_ones(
    tmp_path: Path, toolchain: str, request: pytest.FixtureRequest
) -> None:
    stride = SLOW_STRIDE if request.config.getoption("--slow") else STRIDE
    compile_to(write(relu_net(4), tmp_path), tmp_path / "out", Options("spike-rvv", 1))
    project = read(tmp_path / "out")
    shutil.copy(SWEEP, project.folder / "runtime/main.c")
    image = build(project, toolchain, (f"STRIDE={stride}",))
    port, said = Simulator(project.target, project.folder, Path(image.elf), 1), b""
    try:
        while said.count(b"\n") < 3 * len(FUNCTIONS):
            said += port.read(60)
    finally:
        port.close()
    found = dict(line.rsplit(maxsplit=1) for line in said.decode().splitlines())
    for name in FUNCTIONS:
        assert int(found[f"{name} arguments"], 16) == -(-(2**32) // stride)
        assert found[f"{name} differences"] == "00000000", f"{name} of {found[f'{name} at']}"
