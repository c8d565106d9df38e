"""Normalisations, softmax and losses on PULP cores: within their bounds, whoever computes."""

from __future__ import annotations

import ctypes
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.conformance.cluster import Cluster, agree, cluster
from tests.conformance.test_cluster_convolutions import TYPES, Model, compiled
from tests.conformance.test_random_shapes import often
from tests.firmware.hostcc import FIRMWARE, host_compiler

Array = npt.NDArray[Any]

SHAPES = (
    *((1, 1, 1), (3, 1, 1), (2, 2, 1), (5, 3, 1), (9, 7, 1), (13, 16, 1), (4, 33, 1), (1, 130, 1)),
    *((2, 5, 3), (1, 9, 10), (3, 1, 2), (2, 10, 7)),
)
"""Rows, their length, and how far elements of softmax's are apart."""

BOUNDS = {"exp": 0.9, "log": 1.0}
"""In ULP, as xpulp_exp.h says, and as math.h does of the functions whose steps these are."""


def special(dtype: Any) -> Array:
    """Rows with what is not finite, far away from zero, or far apart."""
    inf, nan = np.inf, np.nan
    rows = [
        [0, 1, inf, 2, -3],
        [-inf, 1, 2, -inf, 0],
        [nan, 1, 2, 3, 4],
        [4, 3, 2, 1, nan],
        [-inf] * 5,
        [nan] * 5,
        [inf, -inf, 0, 0, 0],
        [0, -103, -104, -105, -90],
        [6e4, -6e4, 0, 5.9e4, -inf],
        [1000.5] * 5,
        [-0.0, 0.0, 0.0, -0.0, 0.0],
    ]
    return np.array(rows, dtype)


def model(kind: str, arrays: list[Array], seed: int) -> Model:
    """Every operator of the family, on each array [rows, n, inner]; losses where it is single."""
    number, numpy = TYPES[kind]
    rng = np.random.default_rng(seed)
    nodes, inputs, outputs = [], dict[str, Array](), []

    def given_as(name: str, value: Array) -> str:
        inputs[name] = value
        return name

    def made(op: str, operands: list[str], *results: tuple[int, ...], **attributes: Any) -> None:
        names = [f"y{len(outputs) + i}" for i in range(len(results))]
        nodes.append(helper.make_node(op, operands, names, **attributes))
        outputs.extend(zip(names, results, strict=True))

    for i, array in enumerate(arrays):
        rows, n, inner = array.shape
        x, flat = given_as(f"x{i}", array.astype(numpy)), (rows * inner, n)
        for op in ("Softmax", "LogSoftmax"):
            made(op, [x], array.shape, axis=1)
        v = given_as(f"v{i}", np.moveaxis(array, 1, 2).reshape(flat).astype(numpy))
        scale, bias = (
            given_as(f"{part}{i}", rng.standard_normal(n).astype(numpy)) for part in ("s", "b")
        )
        one, column = (flat[0], 1), (1, *flat)
        made("LayerNormalization", [v, scale, bias], flat, one, one, epsilon=1e-3)
        made("LayerNormalization", [v, scale], flat)
        made("RMSNormalization", [v, scale], flat)
        channels = given_as(f"c{i}", inputs[v].reshape(column))
        ones, zeros = (
            given_as(f"{part}{i}", np.full(flat[0], value, numpy))
            for part, value in (("o", 1), ("z", 0))
        )
        made("InstanceNormalization", [channels, ones, zeros], column)
        if kind == "f32":
            label = given_as(f"l{i}", rng.integers(-1, n + 1, (rows, inner)).astype(np.int32))
            dy = given_as(f"d{i}", rng.standard_normal((rows, inner)).astype(numpy))
            for smoothing in (0.0, 0.2):
                same: dict[str, Any] = {"smoothing": smoothing, "domain": "ai.odl"}
                made("CrossEntropy", [x, label], (rows, inner), **same)
                made("CrossEntropyGrad", [dy, x, label], array.shape, **same)
    types = {name: TensorProto.INT32 if name[0] == "l" else number for name in inputs}
    graph = helper.make_graph(
        nodes,
        "rows",
        [helper.make_tensor_value_info(k, types[k], v.shape) for k, v in inputs.items()],
        [helper.make_tensor_value_info(k, number, shape) for k, shape in outputs],
    )
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid("ai.odl", 1)]
    return Model(helper.make_model(graph, opset_imports=opsets, ir_version=11), inputs)


def normal(kind: str, shape: tuple[int, ...], seed: int) -> Array:
    """Of a random spread, around a random number."""
    rng = np.random.default_rng(seed)
    spread, middle = rng.choice([0.01, 1, 30]), rng.choice([0, 0, 5, -300])
    return (middle + spread * rng.standard_normal(shape)).astype(TYPES[kind][1])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    programs = [
        compiled(model(kind, [np.zeros((1, 2, 1))], 0), f"rows_{kind}", "gap9") for kind in TYPES
    ]
    with cluster(programs, tmp_path_factory.mktemp("cluster") / "build") as running:
        yield running


def check(machine: Cluster, folder: Path, made: Model) -> None:
    agree(machine, compiled(made, "rows", "gap9"), made.inputs, folder)


def test_every_body_is_met(machine: Cluster) -> None:
    stems = {
        f"{stem}_{kind}" for stem in ("softmax", "log_softmax", "layer_norm") for kind in TYPES
    }
    stems |= {"cross_entropy_f32", "cross_entropy_grad_f32"}
    assert {f"odl_{stem}_xpulp" for stem in stems} <= set(machine.functions)


@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_computes_the_same_within_the_bounds(
    kind: str, machine: Cluster, tmp_path: Path
) -> None:
    arrays = [normal(kind, shape, i) for i, shape in enumerate(SHAPES)]
    check(machine, tmp_path, model(kind, arrays, 3))


@pytest.mark.parametrize("kind", list(TYPES))
def test_special_rows(kind: str, machine: Cluster, tmp_path: Path) -> None:
    with np.errstate(all="ignore"):
        rows = special(TYPES[kind][1])
        for array in (rows[:, :, None], rows.T[None].copy()):
            check(machine, tmp_path, model(kind, [array], 4))


@pytest.mark.parametrize("kind", list(TYPES))
def test_random_rows(
    kind: str, machine: Cluster, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    sizes = st.tuples(st.integers(1, 20), st.integers(1, 70), st.integers(1, 4))
    shapes = sizes.filter(lambda shape: math.prod(shape) <= 1200)  # they shall fit into L1

    @often(request, 4, 400)
    @given(shapes, st.integers(0, 2**32 - 1))
    def every(shape: tuple[int, ...], seed: int) -> None:
        check(machine, tmp_path, model(kind, [normal(kind, shape, seed)], seed))

    every()


def built(program: Path, *flags: str) -> Path:
    """The exp and the logarithm of these kernels, for the host."""
    source = Path(__file__).parents[1] / "firmware/pulp_exp.c"
    folders = (f"-I{FIRMWARE / 'include'}", f"-I{FIRMWARE / 'kernels'}")
    wanted = ("-std=c11", "-O2", "-ffp-contract=off", "-fno-math-errno", *folders, *flags)
    command = [host_compiler(), *wanted, source, "-o", program, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.timeout(1800)
def test_errors_of_exp_and_logarithm(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    stride = "1" if request.config.getoption("--slow") else "499"
    program = built(tmp_path / "sweep")
    done = subprocess.run([program, "0", stride], capture_output=True, text=True, check=True)
    found = {name: float(error) for name, error, _ in map(str.split, done.stdout.splitlines())}
    print(done.stdout)
    assert found.keys() == BOUNDS.keys()
    assert all(0.5 < found[name] <= bound for name, bound in BOUNDS.items())


def test_exp_is_what_was_swept(machine: Cluster, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    edges = [-0.0, -1e-45, -1e-30, -87.33654, -103.97207, -103.97208, -104.0, -104.00001, -np.inf]
    x = np.array([*edges, *-(104 * rng.random(1000)), *-np.exp(-20 * rng.random(500))], np.float32)
    library = ctypes.CDLL(str(built(tmp_path / "exp.so", "-shared", "-fPIC")))
    want = np.zeros_like(x)
    where = (array.ctypes.data_as(ctypes.c_void_p) for array in (x, want))
    library.softmax_pairs(*where, ctypes.c_int32(len(x)))
    pairs = np.stack([np.zeros_like(x), x], axis=1)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"])],
        "pairs",
        [value("x", TensorProto.FLOAT, pairs.shape)],
        [value("y", TensorProto.FLOAT, pairs.shape)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    program = compiled(Model(made, {"x": pairs}), "pairs", "gap9").program
    assert machine.run(program, {"x": pairs}, 8)["y"][:, 1].tobytes() == want.tobytes()
