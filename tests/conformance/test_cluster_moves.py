"""Pools, gathers, tables of offsets and functions on PULP cores: within their bounds, the same for
every team.

Each model holds many nodes, since it is the simulator's start that costs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import NodeProto, helper, shape_inference

from tests.conformance.test_cluster_convolutions import TYPES, Model, assembled, check, compiled

TEAMS = (8, 1, 2, 3, 5)
Array = npt.NDArray[Any]


@dataclass
class Nodes:
    """What grows into a model; every result is an output."""

    kind: str
    nodes: list[NodeProto] = field(default_factory=list)
    inputs: dict[str, Array] = field(default_factory=dict)
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


def pools(kind: str) -> Model:
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
        ((1, 3, 5, 301), {"kernel_shape": [2, 3], "pads": [0, 1, 0, 1]}),
        ((1, 1, 6, 601), {"kernel_shape": [3, 2], "strides": [1, 2]}),
        ((1, 1, 2, 601), {"kernel_shape": [1, 530], "strides": [1, 3]}),
        ((1, 1, 12, 11), {"kernel_shape": [9, 9], "strides": [1, 2]}),
        ((1, 1, 70, 70), {"kernel_shape": [35, 35], "strides": [35, 35]}),
    ]
    for shape, attributes in cases:
        values = b.rng.standard_normal(shape)
        x = b.input(values)
        values.flat[[0, values.size // 2, values.size - 1]] = np.inf, np.nan, -np.inf
        strange = b.input(values)
        for given in (x, strange):
            b.add("MaxPool", given, **attributes)
            b.add("AveragePool", given, **attributes)
            b.add("AveragePool", given, count_include_pad=1, **attributes)
    return b.model()


def gathers(kind: str) -> Model:
    """Rows and elements; indices of 32 and 64 bits, of which many are outside."""
    b = Nodes(kind)

    def index(wide: bool, *shape: int) -> str:
        values = b.rng.integers(-9, 9, shape)
        far = [-(2**31), 2**31 - 1] + ([-(2**40), 2**40, 2**32, -(2**32) + 1] if wide else [])
        flat = values.reshape(-1)
        flat[: len(far) : 2] = far[: len(flat) : 2]
        return b.input(values.astype(np.int64 if wide else np.int32))

    for wide in (True, False):
        for shape in ((9, 7), (5, 64), (4, 6, 5), (3, 4, 2), (70,)):
            x = b.normal(*shape)
            for axis in range(len(shape)):
                b.add("Gather", x, index(wide, 13), axis=axis)
                b.add("Gather", x, index(wide, 1), axis=axis)
                b.add("Gather", x, index(wide, 2, 3), axis=axis)
                taken = [n if i != axis else n + 4 for i, n in enumerate(shape)]
                b.add("GatherElements", x, index(wide, *taken), axis=axis)
            if wide:
                for depth in range(1, len(shape) + 1):
                    b.add("GatherND", x, index(wide, 11, depth))
    x = b.normal(3, 4, 6)
    b.add("GatherND", x, index(True, 3, 5, 1), batch_dims=1)
    b.add("GatherND", x, index(True, 3, 5, 2), batch_dims=1)
    return b.model()


def tables(kind: str) -> Model:
    """Padded, turned round and enlarged: rows that are near by and rows that are not."""
    b = Nodes(kind)
    for width in (1, 3, 8, 33, 70, 131):
        x = b.normal(2, 3, width)
        b.add("Pad", x, b.constant([0, 1, 3, 0, 0, 2]), mode="constant")
        b.add("Pad", x, b.constant([1, 0, 0, 0, 2, 1]), b.input(np.float32(0.5)))
        b.add("Pad", x, b.constant([0, 0, 2, 0, 1, 1]), mode="edge")
        ends = [b.constant([v]) for v in (-1, -9999, 2, -1)]
        b.add("Slice", x, *ends)
        sizes = b.constant([2, 6, 2 * width])
        b.add("Resize", x, "", "", sizes, mode="nearest")
    return b.model()


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 6e-8, 3.0, -3.0, 2.5, -2.5, 1.0]


def functions(kind: str) -> Model:
    """Each fifth half, or as many singles; and few elements, from even and odd places on."""
    b = Nodes(kind)
    if kind == "f16":
        many = np.arange(0, 1 << 16, 5).astype(np.uint16).view(np.float16)
    else:
        many = np.concatenate([b.rng.standard_normal(2000) * s for s in (1e-3, 0.1, 1, 4, 60)])
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
            for op in ("Elu", "Selu", "Gelu", "Mish", "Reciprocal", "Softplus", "Swish"):
                b.add(op, x)
            b.add("Elu", x, alpha=0.7)
            b.add("Swish", x, alpha=1.702)
            b.add("Gelu", x, approximate="tanh")
    x = b.input(np.resize([*SPECIAL, 0.7, -1.3, 5.0], (2, 5, 7)))
    for slope in ((7,), (5, 1), (1,), (2, 5, 7)):
        b.add("PRelu", x, b.normal(*slope))
    b.add("PRelu", x, b.input([0.1, -0.3, np.inf, -np.inf, np.nan, 0.0, 2.0]))
    return b.model()


MODELS = {"pools": pools, "gathers": gathers, "tables": tables, "functions": functions}


@pytest.mark.parametrize("kind", list(TYPES))
@pytest.mark.parametrize("name", MODELS)
def test_every_team_computes_the_same_within_the_bounds(
    name: str, kind: str, tmp_path: Path
) -> None:
    made = MODELS[name](kind)
    program = compiled(made, f"{name}_{kind}", "gap9")
    assert all(call.function.endswith("_xpulp") for call in program.program.calls if call.function)
    check(made, program, tmp_path / "program", *TEAMS)
