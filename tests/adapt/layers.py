"""Layers of every kind with random weights, as a method of adaptation makes them learn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
from onnx import numpy_helper

from odl.adapt import registry
from odl.adapt.calibrate import calibrated
from odl.adapt.choose import Layer, choose
from odl.adapt.insert import adapt
from odl.adapt.method import Adapter
from odl.adapt.record import KEY, Record, read_records
from odl.compile import FOR_TRAINING
from odl.ops.node import constant_value
from odl.transform.infer_shapes import infer_shapes
from odl.transform.lift_constants import lift_constants
from odl.transform.name_all import name_all
from odl.transform.unroll_recurrent import unroll_recurrent
from tests.models import model

Array = npt.NDArray[Any]

KINDS = {
    "conv": (
        "(float[1,6,5,6] x) => (float[1,8,3,3] y) "
        "{ n = Neg (x) y = Conv <strides = [2, 2], pads = [1, 1, 1, 1]> (n, w, b) }",
        {"w": (8, 6, 3, 3), "b": (8,)},
    ),
    "groups": (
        "(float[1,8,7] x) => (float[1,6,5] y) { n = Neg (x) y = Conv <group = 2> (n, w, b) }",
        {"w": (6, 4, 3), "b": (6,)},
    ),
    "pointwise": (
        "(float[1,8,3,2] x) => (float[1,6,3,2] y) { n = Neg (x) y = Conv (n, w) }",
        {"w": (6, 8, 1, 1)},
    ),
    "gemm": (
        "(float[2,9] x) => (float[2,7] y) { n = Neg (x) y = Gemm <transB = 1> (n, w, b) }",
        {"w": (7, 9), "b": (7,)},
    ),
    "turned": (
        "(float[1,9] x) => (float[1,7] y) { n = Neg (x) y = Gemm (n, w, b) }",
        {"w": (9, 7), "b": (7,)},
    ),
    "matmul": (
        "(float[1,3,9] x) => (float[1,3,7] y) { n = Neg (x) y = MatMul (n, w) }",
        {"w": (9, 7)},
    ),
    "lstm": (
        "(float[3,1,6] x) => (float[3,2,1,4] y) { n = Neg (x) "
        'y, h, c = LSTM <hidden_size = 4, direction = "bidirectional"> (n, w, r, b) }',
        {"w": (2, 16, 6), "r": (2, 16, 4), "b": (2, 32)},
    ),
    "gru": (
        "(float[3,1,6] x) => (float[3,1,1,5] y) { n = Neg (x) "
        "y, h = GRU <hidden_size = 5> (n, w, r, b) }",
        {"w": (1, 15, 6), "r": (1, 15, 5), "b": (1, 30)},
    ),
}
"""Graphs whose layer has the weights w and r; no gradient of Neg reads anything."""

LINEAR = tuple(k for k in KINDS if k not in ("lstm", "gru"))

SMALL = {"r": "2", "k": "2", "share": "0.3", "alpha": "3"}
"""Settings for such small layers."""


def adapters() -> dict[str, Adapter]:
    return {n: m for n, m in registry().items() if isinstance(m, Adapter)}


def asked(name: str) -> str:
    """The method with small settings, of every layer."""
    settings = [f"{k}={v}" for k, v in SMALL.items() if k in registry()[name].settings]
    return f"{name}:{','.join([*settings, 'layers=*'])}"


def net(kind: str, seed: int = 0) -> onnx.ModelProto:
    text, shapes = KINDS[kind]
    made, rng = model(f"net {text}"), np.random.default_rng(seed)
    for name, shape in shapes.items():
        values = rng.normal(0, 0.5, shape).astype(np.float32)
        made.graph.initializer.append(numpy_helper.from_array(values, name))
    return made


@dataclass(frozen=True)
class Adapted:
    """The graph in the form that is differentiated, and what the method says of its layers."""

    plain: ir.Model
    """Before it."""
    model: ir.Model
    trained: list[ir.Value]
    layers: tuple[Layer, ...]
    records: list[Record]

    @property
    def constants(self) -> dict[str, Array]:
        found = {str(v.name): constant_value(v) for v in self.model.graph.initializers.values()}
        return {k: v for k, v in found.items() if v is not None}


def canonical(proto: onnx.ModelProto) -> ir.Model:
    made = ir.serde.deserialize_model(proto)
    lift_constants(made)
    name_all(made)
    for step in FOR_TRAINING:
        made = step(made)
    return made


def adapted(kind: str, text: str, half: bool = False) -> Adapted:
    plain, made = canonical(net(kind)), canonical(net(kind))
    plan = choose(made.graph, text)
    unroll_recurrent(made, plan.touched)
    rng = np.random.default_rng(5)
    shape = tuple(int(d) for d in made.graph.inputs[0].shape or ())  # type: ignore[arg-type]
    samples = {"x": rng.normal(size=(3, *shape))}
    layers = calibrated(made.graph, plan.layers, samples)
    trained = adapt(made, replace(plan, layers=layers), half)
    infer_shapes(made)
    proto = onnx.ModelProto()
    proto.metadata_props.add(key=KEY, value=made.metadata_props[KEY])
    return Adapted(plain, made, trained, layers, read_records(proto))
