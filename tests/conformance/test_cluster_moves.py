"""Pools, gathers, tables of offsets and functions on PULP cores: within their bounds, the same for
every team.

Each model holds many nodes, since it is the simulator's start that costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import NodeProto, helper, shape_inference

from odl.compile import Compiled
from tests.conformance.cluster import TEAMS, Cluster, cluster, judged
from tests.conformance.test_cluster_convolutions import TYPES, Model, assembled, compiled

Array = npt.NDArray[Any]


@dataclass
class Nodes:
    """What grows into a model; every result is an output."""

    kind: str
    nodes: list[NodeProto] = field(default_factory=list)
    inputs: dict[str, Array] = field(default_factory=dict)
    inside: dict[str, Array] = field(default_factory=dict)
    """Indices that are not outside, for those that are."""
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(11))

    def input(self, values: Any) -> str:
        array = np.asarray(values)
        with np.errstate(over="ignore"):
            array = array.astype(TYPES[self.kind][1]) if array.dtype.kind == "f" else array
        self.inputs[f"x{len(self.inputs)}"] = array
        return f"x{len(self.inputs) - 1}"

    def normal(self, *shape: int) -> str:
        return self.input(self.rng.standard_normal(shape))

    def add(self, op: str, *inputs: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(op, inputs, [f"y{len(self.nodes)}"], **attributes))

    def model(self) -> Model:
        """Its constants are what Constant nodes give, which are no outputs."""
        made = [n.output[0] for n in self.nodes if n.op_type != "Constant"]
        found = assembled(self.kind, self.nodes, self.inputs, dict.fromkeys(made, None), 24)
        return Model(shape_inference.infer_shapes(found.proto, strict_mode=True), found.inputs)

    def constant(self, values: Any) -> str:
        array = np.asarray(values)
        value = helper.make_tensor(
            "", helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, array
        )
        self.add("Constant", value=value)
        return str(self.nodes[-1].output[0])


def pools(kind: str) -> Nodes:
    """Whole blocks of rows and single ones, columns in parts, edges of every kind."""
    b = Nodes(kind)
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((1, 3, 8, 8), {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ((2, 3, 9, 7), {"kernel_shape": [3, 3], "pads": [1] * 4}),
        ((1, 3, 7, 9), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 1, 2]}),
        ((1, 5, 11, 5), {"kernel_shape": [4, 2], "strides": [1, 2], "pads": [2, 0, 1, 1]}),
        ((1, 2, 5, 6), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
        ((1, 2, 9, 12), {"kernel_shape": [3, 3], "dilations": [2, 3], "pads": [1, 3, 2, 1]}),
        ((2, 3, 17), {"kernel_shape": [3], "pads": [1, 1]}),
        ((2, 3, 16), {"kernel_shape": [4], "strides": [3]}),
        ((1, 2, 4, 5, 6), {"kernel_shape": [2, 2, 3], "pads": [1, 0, 1, 0, 1, 1]}),
        ((1, 2, 6, 7), {"kernel_shape": [1, 1], "strides": [2, 2]}),
        ((1, 1, 5, 301), {"kernel_shape": [2, 3], "pads": [0, 1, 0, 1]}),
        ((1, 1, 4, 601), {"kernel_shape": [3, 2], "strides": [1, 2]}),
        ((1, 1, 540), {"kernel_shape": [530], "strides": [3]}),
        ((1, 1, 12, 11), {"kernel_shape": [9, 9], "strides": [1, 2]}),
    ]
    for shape, attributes in cases:
        values = b.rng.standard_normal(shape)
        given = [b.input(values)]
        if values.size < 500:
            values.flat[[0, values.size // 2, values.size - 1]] = np.inf, np.nan, -np.inf
            given.append(b.input(values))
        for x in given:
            b.add("MaxPool", x, **attributes)
            b.add("AveragePool", x, **attributes)
            b.add("AveragePool", x, count_include_pad=1, **attributes)
    return b


def gathers(kind: str) -> Nodes:
    """Rows and elements; indices of 32 and 64 bits, of which many are outside."""
    b = Nodes(kind)

    def index(wide: bool, sizes: tuple[int, ...], *shape: int) -> str:
        values = b.rng.integers(-9, 9, shape)
        far = [-(2**31), 2**31 - 1] + ([-(2**40), 2**40, 2**32, -(2**32) + 1] if wide else [])
        values.flat[b.rng.integers(0, values.size, len(far))] = far
        name = b.input(values.astype(np.int64 if wide else np.int32))
        b.inside[name] = np.clip(b.inputs[name], [-n for n in sizes], [n - 1 for n in sizes])
        return name

    for wide in (True, False):
        for shape in ((9, 7), (5, 64), (4, 6, 5), (3, 4, 2), (70,)):
            x = b.normal(*shape)
            for axis, n in enumerate(shape):
                for some in ((13,), (1,), (2, 3)):
                    b.add("Gather", x, index(wide, (n,), *some), axis=axis)
                taken = [n if i != axis else n + 4 for i, n in enumerate(shape)]
                b.add("GatherElements", x, index(wide, (n,), *taken), axis=axis)
            for depth in range(1, len(shape) + 1 if wide else 0):  # of 64 bits alone
                b.add("GatherND", x, index(wide, shape[:depth], 11, depth))
    x = b.normal(3, 4, 6)
    b.add("GatherND", x, index(True, (4,), 3, 5, 1), batch_dims=1)
    b.add("GatherND", x, index(True, (4, 6), 3, 5, 2), batch_dims=1)
    return b


def scatters(kind: str) -> Nodes:
    """Rows and elements put into their places, some of them more than once."""
    b = Nodes(kind)
    for shape in ((9, 7), (3, 40), (4, 3, 6)):
        x = b.normal(*shape)
        for how in ("none", "add", "mul", "min", "max"):
            for depth in range(1, len(shape) + 1):
                places = [b.rng.integers(-n, n, 5) for n in shape[:depth]]
                update = b.normal(5, *shape[depth:])
                b.add("ScatterND", x, b.input(np.stack(places, 1)), update, reduction=how)
            for axis, n in enumerate(shape):
                at = b.input(b.rng.integers(-n, n, shape).astype(np.int32))
                b.add("ScatterElements", x, at, b.normal(*shape), axis=axis, reduction=how)
    return b


def tables(kind: str) -> Nodes:
    """Padded, turned round and enlarged: rows that are near by and rows that are not."""
    b = Nodes(kind)
    for width in (2, 3, 8, 33, 70, 131):
        x = b.normal(2, 3, width)
        b.add("Pad", x, b.constant([0, 1, 3, 0, 0, 2]), mode="constant")
        b.add("Pad", x, b.constant([1, 0, 0, 0, 2, 1]), b.input(np.float32(0.5)))
        b.add("Pad", x, b.constant([0, 0, 2, 0, 1, 1]), mode="edge")
        ends = [b.constant([v]) for v in (-1, -9999, 2, -1)]
        b.add("Slice", x, *ends)
        sizes = b.constant([2, 6, 2 * width])
        b.add("Resize", x, "", "", sizes, mode="nearest")
    return b


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 6e-8, 3.0, -3.0, 2.5, -2.5, 1.0]


def functions(kind: str) -> Nodes:
    """Halves of all sizes, or singles; and few elements, from even and odd places on."""
    b = Nodes(kind)
    if kind == "f16":
        many = np.arange(0, 1 << 16, 59).astype(np.uint16).view(np.float16)
    else:
        many = np.concatenate([b.rng.standard_normal(99) * s for s in (1e-3, 0.1, 1, 4, 60)])
    many = np.concatenate([np.array(SPECIAL), many.astype(np.float64), [0.3]])
    xs = [b.input(many), *(b.normal(n) for n in (1, 2, 3, 5, 9, 17, 70))]
    for x in xs:
        for op in ("Abs", "HardSwish", "HardSigmoid", "LeakyRelu", "ThresholdedRelu"):
            b.add(op, x)
        for alpha in (-0.3, 1.7, 1e-6, 0.0):
            b.add("LeakyRelu", x, alpha=alpha)
        b.add("HardSigmoid", x, alpha=0.3, beta=-0.1)
        b.add("ThresholdedRelu", x, alpha=0.3001)
        if kind == "f16":  # where the bodies are of halves
            for op in ("Elu", "Selu", "Gelu", "Mish", "Reciprocal", "Softplus", "Sqrt", "Swish"):
                b.add(op, x)
            b.add("Elu", x, alpha=0.7)
            b.add("Swish", x, alpha=1.702)
            b.add("Gelu", x, approximate="tanh")
    x = b.input(np.resize([*SPECIAL, 0.7, -1.3, 5.0], (2, 5, 7)))
    for slope in ((7,), (5, 1), (1,), (2, 5, 7)):
        b.add("PRelu", x, b.normal(*slope))
    return b


MODELS = {
    "pools": pools,
    "gathers": gathers,
    "scatters": scatters,
    "tables": tables,
    "functions": functions,
}
CASES = [(name, kind) for name in MODELS for kind in TYPES]


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, str], tuple[Nodes, Compiled]]:
    parts = {(name, kind): MODELS[name](kind) for name, kind in CASES}
    return {case: (b, compiled(b.model(), "_".join(case), "gap9")) for case, b in parts.items()}


@pytest.fixture(scope="module")
def pulp(
    made: dict[tuple[str, str], tuple[Nodes, Compiled]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    with cluster([c for _, c in made.values()], tmp_path_factory.mktemp("moves")) as running:
        yield running


@pytest.mark.parametrize("case", CASES)
def test_every_team_computes_the_same_within_the_bounds(
    case: tuple[str, str],
    made: dict[tuple[str, str], tuple[Nodes, Compiled]],
    pulp: Cluster,
    tmp_path: Path,
) -> None:
    b, program = made[case]
    called = {call.function for call in program.program.calls}
    assert all(function.endswith("_xpulp") for function in called - {""})
    inputs = {**b.inputs, **b.inside}
    first = pulp.run(program.program, inputs, TEAMS[0])
    assert judged(program, inputs, first, tmp_path) is None
    for team in TEAMS[1:]:
        for name, value in pulp.run(program.program, b.inputs, team).items():
            assert name in b.inputs or value.tobytes() == first[name].tobytes(), (team, name)
