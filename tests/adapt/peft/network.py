"""The network of judge.py as ONNX, and programs that adapt it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from odl.adapt.files import Base
from odl.adapt.origins import Origin, origins
from odl.compile import Compiled
from odl.train.options import TrainOptions
from tests.firmware.hostcc import ROOT
from tests.models import Array
from tests.train.steps import compiled

GOLDEN = ROOT / "tests/golden/peft"

LAYERS = [
    ("Conv", "conv", {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("Relu", "", {}),
    ("Conv", "grouped", {"group": 2}),
    ("Relu", "", {}),
    ("GlobalAveragePool", "", {}),
    ("Flatten", "", {}),
    ("Gemm", "fc", {"transB": 1}),
    ("Relu", "", {}),
    ("Gemm", "head", {"transB": 1}),
]


@cache
def golden(name: str) -> dict[str, Array]:
    return load_file(GOLDEN / f"{name}.safetensors")


def judged(case: str) -> dict[str, Array]:
    return golden(f"{case}/judged")


def network() -> onnx.ModelProto:
    nodes, x = [], "x"
    for i, (op, module, attributes) in enumerate(LAYERS):
        y = "y" if i == len(LAYERS) - 1 else f"t{i}"
        weights = [f"{module}.weight", f"{module}.bias"] if module else []
        nodes.append(helper.make_node(op, [x, *weights], [y], f"n{i}", **attributes))
        x = y
    base = golden("base")
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, base["x"].shape)
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    tensors = [numpy_helper.from_array(v, k) for k, v in base.items() if "." in k]
    graph = helper.make_graph(nodes, "net", [shape], [out], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@cache
def program(train: str) -> Compiled:
    return compiled(TrainOptions(train, optimizer="sgd:lr=1"), network())


def base_of(made: Compiled) -> tuple[Base, dict[str, Origin]]:
    names = [n for n in ("inference", "adapted") if n in made.stages]
    base = Base.of({n: made.stages[n].SerializeToString(deterministic=True) for n in names})
    return base, origins(base, made.stages["imported"])


def folder_of(case: str) -> Path:
    return GOLDEN / case
