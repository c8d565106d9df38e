"""Convolutions on PULP cores and their gradients: within their bounds, the same for every team.

Each model holds many random convolutions, since it is the simulator's start that costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

import odl.compile
import odl.plan.lower
from odl.build.build import build
from odl.compile import Compiled, Options, compile_graph
from odl.emit.project import write_project
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import Call
from odl.project import read
from odl.result import Result
from odl.run.samples import Samples
from odl.run.session import RunOptions, open_port, run
from tests.conformance.cluster import TEAMS
from tests.firmware.hostcc import FIRMWARE

TYPES = {"f32": (TensorProto.FLOAT, np.float32), "f16": (TensorProto.FLOAT16, np.float16)}
Ints = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A convolution; sizes, strides, dilations and pads are those of each axis."""

    batch: int
    groups: int
    channels: tuple[int, int]
    image: Ints
    size: Ints
    stride: Ints
    dilation: Ints
    begin: Ints
    end: Ints

    @property
    def out(self) -> Ints:
        axes = zip(
            self.image, self.size, self.stride, self.dilation, self.begin, self.end, strict=True
        )
        return tuple((n + p + e - (k - 1) * d - 1) // s + 1 for n, k, s, d, p, e in axes)

    @property
    def rest(self) -> list[int]:
        """Elements of each axis behind the last window."""
        axes = zip(
            self.image, self.out, self.size, self.stride, self.dilation, self.begin, self.end,
            strict=True,
        )  # fmt: skip
        return [n + p + e - s * (o - 1) - (k - 1) * d - 1 for n, o, k, s, d, p, e in axes]


def plain(
    into: int, out: int, image: Ints, size: Ints, stride: int = 1, pad: int = 0, groups: int = 1
) -> Case:
    n = len(image)
    return Case(
        1, groups, (into, out), image, size, (stride,) * n, (1,) * n, (pad,) * n, (pad,) * n
    )


SHAPES = (
    plain(8, 8, (10, 10), (3, 3)),
    plain(12, 9, (7, 19), (3, 3), pad=1),
    plain(3, 7, (9, 9), (3, 3), pad=1),
    plain(1, 8, (21, 10), (10, 4), stride=2, pad=4),
    plain(6, 10, (9, 8), (1, 1), stride=2),
    plain(6, 10, (5, 7), (1, 1)),
    plain(16, 16, (25, 5), (3, 3), pad=1, groups=16),
    plain(5, 10, (8, 11), (3, 3), stride=2, pad=1, groups=5),
    plain(4, 4, (6, 6), (5, 3), pad=2, groups=4),
    plain(130, 3, (3, 4), (3, 3), pad=1),  # sums too long for half precision
    plain(2, 2, (3, 300), (2, 2)),
    plain(3, 3, (120, 4), (3, 3), pad=1, groups=3),
    plain(2, 5, (70,), (9,), stride=3, pad=4),
    Case(1, 2, (10, 4), (3, 1), (1, 1), (1, 3), (1, 1), (0, 0), (0, 0)),
    Case(1, 1, (3, 4), (2, 1), (1, 1), (3, 1), (1, 1), (0, 0), (2, 0)),  # a position in the padding
    Case(1, 1, (3, 4), (2, 2), (1, 1), (2, 2), (1, 1), (1, 0), (0, 1)),
)
"""Each of these meets something that random ones seldom do."""


def random_case(rng: np.random.Generator) -> Case:
    def some(low: int, high: int) -> Ints:
        return tuple(int(v) for v in rng.integers(low, high + 1, rank))

    rank = int(rng.choice([1, 2, 2, 2]))
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    into, out = groups * int(rng.integers(1, 10)), groups * int(rng.integers(1, 10))
    if groups == 3:
        into = groups
    size, dilation, stride = some(1, 4), some(1, 2), some(1, 3)
    reach = tuple((k - 1) * d for k, d in zip(size, dilation, strict=True))
    begin, end = (tuple(int(rng.integers(0, r + 1)) for r in reach) for _ in range(2))
    image = tuple(
        max(n, r + 1 - p - e) for n, r, p, e in zip(some(1, 18), reach, begin, end, strict=True)
    )
    batch = int(rng.choice([1, 1, 2]))
    return Case(batch, groups, (into, out), image, size, stride, dilation, begin, end)


@dataclass(frozen=True)
class Model:
    """A graph and its inputs."""

    proto: onnx.ModelProto
    inputs: dict[str, npt.NDArray[Any]]


def assembled(
    kind: str,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, npt.NDArray[Any]],
    outputs: dict[str, Ints],
    opset: int = 17,
) -> Model:
    """The nodes as a model, whose results have these shapes."""
    number, _ = TYPES[kind]
    made = [helper.make_tensor_value_info(name, number, shape) for name, shape in outputs.items()]
    types = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in inputs.items()}
    given = [helper.make_tensor_value_info(n, types[n], v.shape) for n, v in inputs.items()]
    graph = helper.make_graph(nodes, "cases", given, made)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.odl", 1)]
    return Model(helper.make_model(graph, opset_imports=opsets, ir_version=9), inputs)


def model(kind: str, cases: list[Case], seed: int) -> Model:
    """The result, the gradient of the weights and that of the input, of each case."""
    _, numpy = TYPES[kind]
    rng = np.random.default_rng(seed)
    nodes, inputs, outputs = list[onnx.NodeProto](), dict[str, npt.NDArray[Any]](), []
    for i, c in enumerate(cases):
        (into, out), whole = c.channels, {f"{k}{i}": k for k in ("x", "w", "b", "dy")}
        shapes = {
            "x": (c.batch, into, *c.image),
            "w": (out, into // c.groups, *c.size),
            "b": (out,),
            "dy": (c.batch, out, *c.out),
        }
        for name, key in whole.items():
            inputs[name] = rng.standard_normal(shapes[key]).astype(numpy)
        x, w, b, dy = whole
        same: dict[str, Any] = {
            "kernel_shape": c.size,
            "strides": c.stride,
            "dilations": c.dilation,
            "pads": (*c.begin, *c.end),
            "group": c.groups,
        }
        biased = [b] if i % 2 else []
        if not biased:
            del inputs[b]
        nodes += [
            helper.make_node("Conv", [x, w, *biased], [f"y{i}"], **same),
            helper.make_node(
                "ConvGradWeight", [x, dy], [f"dw{i}"], domain="ai.odl", **same
            ),
            helper.make_node(
                "ConvTranspose", [dy, w], [f"dx{i}"], output_padding=c.rest, **same
            ),
        ]  # fmt: skip
        outputs += [(f"y{i}", shapes["dy"]), (f"dw{i}", shapes["w"]), (f"dx{i}", shapes["x"])]
    return assembled(kind, nodes, inputs, dict(outputs))


def compiled(made: Model, name: str, target: str, sums: str = "fp16") -> Compiled:
    """As it is: a canonical graph with operators of a training step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(odl.compile, "CANONICAL", (odl.compile.name_all,))
        patch.setattr(odl.compile, "set_input_shapes", lambda *_: None)
        patch.setattr("odl.plan.arena._solve", lambda *_: None)  # it need not be optimal
        return compile_graph(
            ir.serde.deserialize_model(made.proto), name, Options(target, sums=sums)
        )


def take_first_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes become the calls that they would on a target with bodies for them."""

    def best(operator: Operator, node: Node, *_: object) -> list[Call]:
        return operator.forms(node)[0]()

    monkeypatch.setattr(odl.plan.lower, "form", best)


def results(made: Model, program: Compiled, folder: Path, *teams: int) -> Iterator[Result]:
    """One sample on each team, every tensor checked."""
    write_project(program.program, program.target, program.stages, folder, "test.onnx")
    project = read(folder)
    samples = Samples({k: v[None] for k, v in made.inputs.items()}, None)
    elf = Path(build(project).elf)
    for team in teams:
        with open_port(project, elf, RunOptions()) as port:
            yield run(project, port, samples, RunOptions(cores=team))


def check(made: Model, program: Compiled, folder: Path, *teams: int) -> None:
    first: Result | None = None
    for result in results(made, program, folder, *teams):
        assert result.verdict is not None
        assert result.ok, result.verdict.diverged
        first = first or result
        for name, value in result.outputs.items():
            assert value.tobytes() == first.outputs[name].tobytes(), name


@cache
def usual(kind: str) -> Model:
    rng = np.random.default_rng(5)
    return model(kind, [*SHAPES, *(random_case(rng) for _ in range(8))], 5)


@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_computes_the_same_within_the_bounds(kind: str, tmp_path: Path) -> None:
    program = compiled(usual(kind), f"convolutions_{kind}", "gap9")
    header = (FIRMWARE / "include/odl/kernels/xpulp.h").read_text(encoding="utf-8")
    bits = {"f32": "f32|b32", "f16": "f16|b16"}[kind]
    kernels = re.findall(rf"\bodl_(?:conv2d_)?planes\w*_(?:{bits})_xpulp\b", header)
    called = {call.function for call in program.program.calls}
    assert called >= set(kernels)
    assert not any(f.startswith(("odl_conv2d_f", "odl_conv_t")) for f in called)
    check(usual(kind), program, tmp_path / "program", *TEAMS)


def test_sums_of_halves_in_single_precision(tmp_path: Path) -> None:
    """Their bound is that of single precision; sums of too many runs are left to other bodies."""
    runs = [plain(50, 2, (9, 8), (7, 7), pad=3), plain(2, 3, (50, 41), (2, 3), pad=1)]
    made = model("f16", [*SHAPES, *runs], 7)
    program = compiled(made, "singles", "gap9", "fp32")
    called = {call.function for call in program.program.calls}
    stems = ("planes", "planes_grad_weight")
    assert called >= {f"odl_conv2d_{stem}_f16_xpulp_single" for stem in stems}
    assert called >= {"odl_conv2d_f16", "odl_conv2d_grad_weight_f16"}
    check(made, program, tmp_path / "program", 8, 3)


@pytest.mark.parametrize("kind", list(TYPES))
def test_the_portable_bodies_compute_the_same_calls(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_first_forms(monkeypatch)
    program = compiled(usual(kind), f"portable_{kind}", "host")
    assert any("planes" in call.function for call in program.program.calls)
    check(usual(kind), program, tmp_path / "program", 1)
