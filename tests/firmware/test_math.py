"""The error of math.h over all floats, its special values, and that compilers agree on the bits."""

from __future__ import annotations

import ctypes
import math
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from odl.programs import find_program
from tests.firmware.hostcc import FIRMWARE, host_compiler

FLAGS = [
    *("-std=c11", "-ffp-contract=off", "-fno-math-errno", f"-I{FIRMWARE / 'include'}"),
    *("-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"),
]
SOURCES = sorted((FIRMWARE / "runtime").glob("math*.c"))
SWEEP = Path(__file__).with_name("math_sweep.c")

STRIDE = 97
"""Odd, so that the mantissas vary."""
PROCESSES = 2
OTHER_BUILDS = [(c, o) for c in ("gcc", "clang") for o in ("-O0", "-O3")]

FLOAT_MAX, TINY, NORMAL = float.fromhex("0x1.fffffep127"), 2.0**-149, 2.0**-126
SPECIAL = [
    ("expf", 0.0, 1.0),
    ("expf", -0.0, 1.0),
    ("expf", math.inf, math.inf),
    ("expf", -math.inf, 0.0),
    ("expf", FLOAT_MAX, math.inf),
    ("expf", -FLOAT_MAX, 0.0),
    ("expf", TINY, 1.0),
    ("expf", float.fromhex("0x1.62e43p6"), math.inf),  # 88.72284, above the logarithm of the range
    ("expf", float.fromhex("-0x1.9fe368p6"), TINY),  # -103.97207, a little above 2^-150
    ("expf", float.fromhex("-0x1.9fe36ap6"), 0.0),
    ("tanhf", 0.0, 0.0),
    ("tanhf", -0.0, -0.0),
    ("tanhf", math.inf, 1.0),
    ("tanhf", -math.inf, -1.0),
    ("tanhf", FLOAT_MAX, 1.0),
    ("tanhf", TINY, TINY),
    ("tanhf", -NORMAL, -NORMAL),
    ("sigmoidf", 0.0, 0.5),
    ("sigmoidf", -0.0, 0.5),
    ("sigmoidf", math.inf, 1.0),
    ("sigmoidf", -math.inf, 0.0),
    ("sigmoidf", -FLOAT_MAX, 0.0),
    ("sigmoidf", float.fromhex("-0x1.9fe368p6"), TINY),
]


def compile_c(compiler: str, output: Path, *arguments: str | Path) -> Path:
    command = [compiler, *FLAGS, *arguments, "-o", output]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return output


def sweep(program: Path, first: int, stride: int) -> dict[str, list[str]]:
    """For each function the largest error, where it is, and a hash of all results."""
    done = subprocess.run([program, str(first), str(stride)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: rest for name, *rest in map(str.split, done.stdout.splitlines())}


def bounds() -> dict[str, float]:
    """What math.h promises."""
    header = (FIRMWARE / "include/odl/math.h").read_text(encoding="utf-8")
    found = re.findall(r"#define ODL_(\w+)_ULP (\S+)f\n", header)
    all_of_them = {name.lower(): float(bound) for name, bound in found} | {"sqrtf": 0.5}
    del all_of_them["powf"]  # it has two arguments
    return all_of_them


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("math") / "sweep"
    return compile_c(host_compiler(), path, "-O2", SWEEP, *SOURCES, "-lm")


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("math") / "math.so"
    return ctypes.CDLL(str(compile_c(host_compiler(), path, "-O2", "-shared", "-fPIC", *SOURCES)))


def call(library: ctypes.CDLL, name: str, x: float) -> float:
    function = getattr(library, f"odl_{name}")
    function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    return function(x)


@pytest.mark.timeout(1800)
def test_errors_are_within_the_bounds(program, request):
    stride = 1 if request.config.getoption("--slow") else STRIDE
    with ThreadPoolExecutor(PROCESSES) as pool:
        starts = [i * stride for i in range(PROCESSES)]
        parts = list(pool.map(lambda start: sweep(program, start, stride * PROCESSES), starts))
    assert all(part.keys() == bounds().keys() for part in parts)
    for name, bound in bounds().items():
        worst, at = max((float(part[name][0]), part[name][1]) for part in parts)
        print(f"{name}: {worst:.6f} ULP at {at}")
        assert worst <= bound, f"{name}({at})"


@pytest.mark.parametrize(("name", "x", "want"), SPECIAL)
def test_special_values(library, name, x, want):
    got = call(library, name, x)
    assert (got, math.copysign(1, got)) == (want, math.copysign(1, want))


@pytest.mark.parametrize("name", sorted(set(bounds()) - {"sqrtf"}))
def test_nan_stays_nan(library, name):
    assert math.isnan(call(library, name, math.nan))


EDGES = [0.0, 1.0, 0.5, 2.0, 3.0, math.inf, TINY, FLOAT_MAX, 1e9, 2.0**24, 2.0**23 + 1, 0.99999994]


def powers() -> list[tuple[float, float]]:
    """All pairs of special values, and random ones; near one with exponents that make it matter."""
    edges = [s * e for e in EDGES for s in (1, -1)] + [math.nan]
    rng = np.random.default_rng(3)
    n = 20_000
    pairs = [
        (np.exp(3 * rng.normal(size=n)), 5 * rng.normal(size=n)),
        (1 + 1e-3 * rng.normal(size=n), 3e4 * rng.normal(size=n)),
        (1 + 1e-6 * rng.normal(size=n), 1e7 * rng.normal(size=n)),
        (10 * rng.normal(size=n), np.round(4 * rng.normal(size=n))),
    ]
    made = [p for x, y in pairs for p in zip(x.tolist(), y.tolist(), strict=True)]
    return [(x, y) for x in edges for y in edges] + made


def test_powers(library):
    bound = re.search(r"ODL_POWF_ULP (\S+)f", (FIRMWARE / "include/odl/math.h").read_text())
    assert bound is not None
    library.odl_powf.argtypes, library.odl_powf.restype = [ctypes.c_float] * 2, ctypes.c_float
    x, y = (np.array(v, np.float32) for v in zip(*powers(), strict=True))
    got = np.array([library.odl_powf(a, b) for a, b in zip(x, y, strict=True)])
    with np.errstate(all="ignore"):
        exact = np.power(x.astype(np.float64), y.astype(np.float64))
        want = exact.astype(np.float32)
        error = np.abs(got - exact) / np.spacing(np.abs(want))
    same = (want == got) | (np.isnan(want) & np.isnan(got))
    assert np.isfinite(got)[~same].all()
    assert error[~same].max() <= float(bound[1])
    assert (np.signbit(got) == np.signbit(want))[~np.isnan(want)].all()


@pytest.mark.parametrize(
    ("x", "y"), [(5.5, 2.0), (-5.5, 2.0), (1e30, 3e-40), (3.0, 7.0), (0.0, 2.0), (-7.0, 0.7)]
)
def test_remainders_are_exact(library, x, y):
    library.odl_fmodf.argtypes, library.odl_fmodf.restype = [ctypes.c_float] * 2, ctypes.c_float
    a, b = np.float32(x), np.float32(y)
    assert library.odl_fmodf(a, b) == np.fmod(a, b)


def test_largest_results_are_finite(library):
    assert call(library, "expf", float.fromhex("0x1.62e42ep6")) == pytest.approx(3.402798e38)


@pytest.mark.parametrize(("compiler", "level"), OTHER_BUILDS)
def test_compilers_agree_on_every_bit(program, tmp_path, compiler, level):
    path = find_program(compiler)
    assert path is not None
    other = compile_c(path, tmp_path / "sweep", level, SWEEP, *SOURCES, "-lm")
    assert sweep(other, 0, 1009) == sweep(program, 0, 1009)


def test_no_double_precision(tmp_path):
    """The FPU has none; that a float is promoted the compiler's warning says."""
    flags = ("-O3", "-ffreestanding", "-Wdouble-promotion", "-c")
    for source in SOURCES:
        compile_c(host_compiler(), tmp_path / "math.o", *flags, source)
        assert not re.search(r"\bdouble\b", source.read_text(encoding="utf-8"))
