"""Generated C: a golden copy to read in reviews, and no warning from any compiler."""

from __future__ import annotations

import subprocess
from pathlib import Path

import onnx_ir as ir
import pytest
from onnx import parser

from odl.build.toolchain import compiler
from odl.compile import Compiled, Options, compile_graph
from odl.emit.c_source import scalar, write_sources
from odl.emit.project import write_project
from odl.target import Target, load, names
from tests.firmware.hostcc import ROOT

GOLDEN = ROOT / "tests/golden/tiny"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]

TINY = """<ir_version: 8, opset_import: ["" : 17]>
tiny (float[1,1,4,4] image) => (float[1,2] scores, int64[1] winner)
<float[2,1,2,2] filters = {0.5, -1, 1.5, 2, 0.25, 1, -0.75, 3}, float[2] offset = {0.1, -0.1},
 int64[2] flat = {1, -1}>
{
  [first_conv] seen = Conv <strides = [2, 2]> (image, filters, offset)
  [rectify] kept = Relu (seen)
  [largest] best = MaxPool <kernel_shape = [2, 2]> (kept)
  [reshape] scores = Reshape (best, flat)
  [decide] winner = ArgMax <axis = 1, keepdims = 0> (scores)
}"""


def tiny(target: str = "spike") -> Compiled:
    model = ir.serde.deserialize_model(parser.parse_model(TINY))
    return compile_graph(model, "tiny", Options(target, 2))


@pytest.mark.parametrize("name", ["model.c", "model.h"])
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    text = write_sources(tiny().program, "tiny.onnx")[name]
    if request.config.getoption("--update-golden"):
        (GOLDEN / name).write_text(text, encoding="utf-8")
    assert text == (GOLDEN / name).read_text(encoding="utf-8"), "see pytest --update-golden"


BUILDS = [(t, c) for t in ("host", "spike", "spike-rvv") for c in load(t).build.toolchains]

LEVELS = {("host", "gcc"): "-O2"}
"""GCC warns of some things only as it optimises, the same on every target; clang never does."""


def is_built_with(path: Path, target: Target, toolchain: str) -> bool:
    """Whether the tool chain knows the kernel's types, and the target its instructions."""
    words = path.stem.split("_")
    isas = {isa for name in names() for isa in load(name).kernels}
    lacks = target.build.toolchains[toolchain].lacks
    return set(words) & isas <= set(target.kernels) and not set(words) & set(lacks)


@pytest.mark.parametrize(("target", "toolchain"), BUILDS)
def test_no_compiler_warns(tmp_path: Path, target: str, toolchain: str) -> None:
    """All that a build folder holds: the model, every kernel, the run time, the platform."""
    compiled = tiny(target)
    write_project(compiled.program, compiled.target, compiled.stages, tmp_path / "b", "tiny.onnx")
    command = compiler(load(target), toolchain).command
    every = (ROOT / "firmware/kernels").glob("*.c")
    kernels = [str(p) for p in every if is_built_with(p, compiled.target, toolchain)]
    sources = [str(p) for p in (tmp_path / "b").rglob("*.c") if "kernels" not in p.parts]
    flags = [
        *WARNINGS,
        LEVELS.get((target, toolchain), "-O0"),
        "-fno-sanitize=all",
        *compiled.target.build.cflags,
        *("-DODL_CORES=2", "-DODL_MODEL=odl_tiny_model"),
        *("-I", str(ROOT / "firmware/include"), "-I", str(ROOT / "targets/riscv")),
    ]
    done = subprocess.run(
        [*command, *flags, "-c", *kernels, *sources], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_floats_read_back_exactly() -> None:
    import numpy as np

    for value in (0.1, 1e-45, 3.4028235e38, -0.0, 1 / 3):
        assert np.float32(scalar(value).removesuffix("f")) == np.float32(value)
    assert scalar(float("nan")) == '__builtin_nanf("")'
    assert scalar(float("-inf")) == "-__builtin_inff()"
    assert scalar(-(2**63)) == "(-9223372036854775807LL - 1)"
    assert scalar(2**40) == "1099511627776LL"
