"""Kernels for RISC-V vectors and PULP cores: within their bounds, the same for every team.

Each model holds many random nodes of odd sizes, since it is the simulator's start that costs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import version_converter

from odl.build.build import build
from odl.compile import Compiled, Options, compile_graph
from odl.emit.project import write_project
from odl.project import read
from odl.result import Result
from odl.run.samples import Samples
from odl.run.session import RunOptions, connect, evaluate, open_port
from tests.conformance import random_models as random
from tests.conformance.random_models import Array, Builder, RandomModel
from tests.firmware.hostcc import FIRMWARE

TARGETS = {"rvv": "spike-rvv", "xpulp": "gap9"}
TEAMS = {"rvv": (1, 3, 8), "xpulp": (1, 2, 3, 5, 8)}
SUMS = {"Conv", "ReduceMean", "ReduceSum", "GlobalAveragePool", "ReduceSumSquare"}
OTHERS = {
    "rvv": SUMS,
    "xpulp": {
        *SUMS,
        *("AveragePool", "MatMul", "Gemm", "BatchNormalization"),
        *("Exp", "Tanh", "Sigmoid", "Softmax", "LogSoftmax", "LayerNormalization"),
        *("HardSwish", "LeakyRelu", "HardSigmoid"),
        *("Elu", "Selu", "Gelu", "Mish", "Reciprocal", "Softplus"),
    },
}
"""Operators whose sums run in another order, or whose products and sums are contracted; those not
named here give the bits of the portable kernels."""


class HalfBuilder(Builder):
    """The same nodes in half precision."""

    def input(self, *shape: int, values: Array | None = None) -> str:
        made = self.rng.standard_normal(shape) if values is None else values
        with np.errstate(over="ignore"):
            return super().input(values=made.astype(np.float16))

    def constant(self, value: Any) -> str:
        array = np.asarray(value)
        return super().constant(array.astype(np.float16) if array.dtype.kind == "f" else array)


ACTIVATIONS = (
    *("Abs", "LeakyRelu", "HardSigmoid", "HardSwish", "ThresholdedRelu", "Elu", "Selu", "Gelu"),
    *("Mish", "Reciprocal", "Softplus"),
)


def functions(b: Builder) -> tuple[str, ...]:
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 88.8, -104.5, 3e38, -9.1, 0.62]
    x = b.input(values=np.array([*special, *b.rng.normal(size=22) * 9], np.float32))
    root = b("Sqrt", b("Mul", x, x))
    y = b.input(values=b.rng.permutation(b.inputs[x]))
    pairs = (b("Max", x, y), b("Min", x, y))
    more = (b("Clip", x, b.constant(np.nan)), b("Clip", x, b.constant(-0.5), b.constant(np.nan)))
    flat = (b(op, x) for op in ("Exp", "Tanh", "Sigmoid", "Relu"))
    z = b.input(values=(b.rng.normal(size=21) * 3).astype(np.float32))
    others = (*(b(op, z) for op in ACTIVATIONS), b("Gelu", z, approximate="tanh"))
    return (root, *more, *pairs, *flat, *others, b("PRelu", z, b.input(21)))


def wide_matmul(b: Builder) -> tuple[str, ...]:
    """Whole vectors and a rest, along rows and along columns."""
    left, right = b.input(2, 5, 7), b.weight(7, 37)
    return b("MatMul", left, right), b("MatMul", b.input(37, 6), b.weight(6, 3))


def wide_conv(b: Builder) -> tuple[str, ...]:
    x = b.input(1, 5, 11, 13)
    same = b("Conv", x, b.weight(6, 5, 3, 3), b.weight(6), pads=[1] * 4)
    own = b("Conv", same, b.weight(6, 1, 3, 5), group=6, pads=[1, 2, 1, 2])
    half = b("Conv", own, b.weight(6, 1, 3, 3), b.weight(6), group=6, strides=[2, 2])
    row = b("Conv", b.input(2, 3, 41), b.weight(7, 3, 4), pads=[1, 3], dilations=[2])
    return same, own, half, row


def separable(b: Builder) -> tuple[str, ...]:
    """Layers that have their channels side by side where that costs less."""
    own: dict[str, Any] = {"group": 16, "kernel_shape": [3, 3], "pads": [1] * 4}
    x = b("Conv", b.input(1, 16, 12, 12), b.weight(16, 1, 3, 3), b.weight(16), **own)
    x = b("Conv", b("Relu", x), b.weight(16, 16, 1, 1), b.weight(16))
    return (b("Conv", x, b.weight(16, 1, 3, 3), **own),)


def long_reduction(b: Builder) -> tuple[str, ...]:
    x = b.input(3, 71)
    axes = b.constant(np.array([1]))
    down = b.constant(np.array([0]))
    sums = (b("ReduceSum", x, axes), b("ReduceSum", x, down))
    columns = b("ReduceSum", b.input(29, 13), down)
    means = (b("ReduceMean", x, axes), b("ReduceMean", b.input(2, 19, 40), down))
    return (*sums, columns, *means)


def many_maps(b: Builder) -> tuple[str, ...]:
    """More maps than lanes; a channel of one element each; more rows of softmax than lanes."""
    x = b.input(1, 21, 7, 6)
    geometry: dict[str, Any] = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}
    flat = b.input(3, 21)
    stats = [b.weight(21), b.weight(21), b.weight(21), b.constant(b.rng.uniform(0.1, 2, 21))]
    return (
        b("MaxPool", x, **geometry),
        b("AveragePool", x, count_include_pad=1, **geometry),
        b("BatchNormalization", flat, *stats),
        b("Softmax", x, axis=1),
        b("Softmax", b.input(2, 37), axis=1),
        b("LogSoftmax", x, axis=1),
        b("LayerNormalization", flat, stats[0], stats[1]),
    )


def every_size(b: Builder) -> tuple[str, ...]:
    """Elementwise over 1 to 70 elements, from even and odd places, dense and broadcast."""
    made = []
    for n in (*range(1, 20), 31, 32, 33, 47, 64, 69, 70):
        whole = b.input(n + 1)
        ends = [b.constant(np.array([e])) for e in (1, n + 1)]
        x, y = b("Slice", whole, *ends), b.input(n)
        rows, column = b("Reshape", b("Mul", x, y), b.constant(np.array([1, n]))), b.weight(3, 1)
        made += [b("Relu", x), b("Add", rows, column), b("Sub", column, b("Neg", rows))]
        made += [b("Where", b(op, x, y), x, y) for op in ("Less", "LessOrEqual")]
        made += [b("Clip", y, b.constant(-0.5))]
    return tuple(made)


def conversions(b: Builder) -> tuple[str, ...]:
    """Between the floats, by way of each other; and counters."""
    made = []
    for n in (1, 2, 3, 9, 70):
        x = b.input(n)
        there = b("Cast", x, to=onnx.TensorProto.FLOAT16)
        back = b("Cast", b("Cast", there, to=onnx.TensorProto.FLOAT), to=onnx.TensorProto.FLOAT16)
        i = b("Cast", b("Mul", x, x), to=onnx.TensorProto.INT32)
        j = b.constant(np.arange(n, dtype=np.int32) - 1)
        flags = b("Cast", b("Less", i, j), to=onnx.TensorProto.INT32)
        made.append(b("Cast", flags, to=onnx.TensorProto.FLOAT))
        total = b("Sub", b("Mul", b("Add", i, j), j), i)
        made += [
            back,
            b("Where", b("Less", i, j), total, i),
            b("Where", b("LessOrEqual", j, i), i, j),
        ]
    return tuple(made)


def long_sums(b: Builder) -> tuple[str, ...]:
    """Whole blocks and rests, side by side and apart, and windows that are whole maps."""
    x = b.input(1, 5, 13, 11)
    axes, down = b.constant(np.array([2, 3])), b.constant(np.array([0, 2]))
    pools = [b("AveragePool", x, kernel_shape=[13, 11]), b("GlobalAveragePool", x)]
    square = b("ReduceSumSquare", x, axes)
    return (
        *pools,
        square,
        b("ReduceSum", x, axes),
        b("ReduceMean", x, down),
        b("Div", x, b.weight(1)),
    )


def borders(b: Builder) -> tuple[str, ...]:
    """Frames around maps, rows turned round, and windows that reach over an edge."""
    x = b.input(1, 3, 7, 9)
    ones, far = b.constant(np.array([-1, -1])), b.constant(np.array([-99, -99]))
    turned = b("Slice", x, ones, far, b.constant(np.array([2, 3])), ones)
    framed = b("Pad", x, b.constant(np.array([0, 0, 1, 2, 0, 0, 3, 0])), b.constant(0.5))
    long = b("Pad", b.input(2, 70), b.constant(np.array([0, 3, 0, 2])), mode="reflect")
    same = b("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4, dilations=[1, 1])
    chosen = b("Gather", x, b.constant(np.array([[6, 0, 3], [3, -1, 2]])), axis=2)
    rows, places = b.input(2, 9), b.constant(np.array([[0, 1, 2], [0, 0, 4]]))
    put = [b("ScatterND", x, places, rows, reduction=how) for how in ("none", "add")]
    pooled = b("MaxPool", x, kernel_shape=[2, 3], strides=[2, 2])
    return (turned, framed, long, same, chosen, *put, pooled)


PARTS: dict[Callable[[Builder], tuple[str, ...]], int] = {
    random.conv: 14, random.pool: 8, random.matmul: 6, random.gemm: 6, random.arithmetic: 4,
    random.elementwise: 1, random.softmax: 4, random.reduce: 4, random.batch_norm: 3,
    random.transpose: 5, random.concat: 3,
    functions: 1, wide_matmul: 1, wide_conv: 1, long_reduction: 1, many_maps: 1,
    separable: 1, every_size: 1, conversions: 1, long_sums: 1, borders: 1,
}  # fmt: skip
ELSEWHERE = "_grad_|_cross_entropy_|_bits_|_low_rank_|_sgd_|_momentum_|_adam_|_f16_f32_|odl_swish_"
"""Kernels that training steps call, which test_pulp_training.py meets, and Swish, which these
models' opset does not have: test_cluster_moves.py meets it."""
BUILDERS = {"f32": Builder, "f16": HalfBuilder}


@cache
def model(kind: str) -> RandomModel:
    b = BUILDERS[kind](np.random.default_rng(7))
    outputs = [y for part, count in PARTS.items() for _ in range(count) for y in part(b)]
    return b.model(f"parts_{kind}", *outputs)


@cache
def compiled(kind: str, target: str) -> Compiled:
    net = version_converter.convert_version(model(kind).model, onnx.defs.onnx_opset_version())
    with pytest.MonkeyPatch.context() as patch:  # the memory of so many nodes need not be optimal
        patch.setattr("odl.plan.arena._solve", lambda *_: None)
        return compile_graph(ir.serde.deserialize_model(net), f"parts_{kind}", Options(target, 8))


@dataclass(frozen=True)
class Runs:
    """One sample on the first of the teams, every tensor checked, and the outputs on each."""

    first: Result
    outputs: list[dict[str, Array]]


def runs(made: Compiled, folder: Path, kind: str, *teams: int) -> Runs:
    write_project(made.program, made.target, made.stages, folder, "test.onnx")
    project, inputs = read(folder), model(kind).inputs
    samples = Samples({k: np.asarray(v)[None] for k, v in inputs.items()}, None)
    with open_port(project, Path(build(project).elf), RunOptions()) as port:
        device = connect(project, port, RunOptions())
        first = evaluate(device, samples, RunOptions(cores=teams[0]))
        outputs = [{name: value[0] for name, value in first.outputs.items()}]
        for team in teams[1:]:
            device.write({k: np.zeros_like(v) for k, v in inputs.items()})
            device.run(0, project.forward, 0)  # so that what a core leaves undone is seen
            device.write(inputs)
            device.run(0, project.forward, team)
            outputs.append(device.read(list(first.outputs)))
        device.close()
    return Runs(first, outputs)


@pytest.fixture(scope="module", params=list(TARGETS))
def isa(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=list(BUILDERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def vectors(isa: str, kind: str, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("vectors") / kind
    return runs(compiled(kind, TARGETS[isa]), folder, kind, *TEAMS[isa])


def test_every_vector_kernel_is_met(isa: str, kind: str) -> None:
    header = (FIRMWARE / f"include/odl/kernels/{isa}.h").read_text(encoding="utf-8")
    called = {call.function for call in compiled(kind, TARGETS[isa]).program.calls}
    types = {"f32": "f32|b32|i32", "f16": "f16|b16"}[kind]
    declared = set(re.findall(rf"\bodl_\w+_(?:{types})_{isa}\b", header))
    assert called >= {f for f in declared if not re.search(ELSEWHERE, f)}


def test_every_tensor_is_within_its_bound(vectors: Runs) -> None:
    assert vectors.first.verdict is not None
    assert vectors.first.ok, vectors.first.verdict.diverged


def test_results_do_not_depend_on_the_team(vectors: Runs) -> None:
    for outputs in vectors.outputs[1:]:
        for name, value in outputs.items():
            assert value.tobytes() == vectors.outputs[0][name].tobytes(), name


@pytest.fixture(scope="module")
def portable(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("portable") / kind
    return runs(compiled(kind, "spike"), folder, kind, 8)


SUMS_IN_HALF = ("xpulp",)
"""Where the portable bodies sum up in single."""


def test_portable_kernels_agree(isa: str, kind: str, vectors: Runs, portable: Runs) -> None:
    assert portable.first.ok
    ops = {o: n.op_type for n in model(kind).model.graph.node for o in n.output}
    for name, want in portable.outputs[0].items():
        got = vectors.outputs[0][name]
        if ops[name] in OTHERS[isa]:
            in_half = isa in SUMS_IN_HALF and kind == "f16"
            near = 5e-3 * float(np.abs(want[np.isfinite(want)]).max(initial=0)) if in_half else 4e-3
            np.testing.assert_allclose(
                got.astype(float), want.astype(float), rtol=4e-3, atol=near, err_msg=name
            )
        else:
            np.testing.assert_array_equal(got, want, err_msg=name)
