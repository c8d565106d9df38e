"""AddLowRank and FactorProduct: bodies, forms, and kernels on every team, within their bounds."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
import pytest
from onnx import helper

from odl.errors import Unsupported
from odl.ops import lookup
from odl.ops.node import Node
from odl.ops.reference import evaluator, functions
from tests.conformance.test_cluster_convolutions import (
    TYPES,
    Ints,
    Model,
    assembled,
    check,
    compiled,
    take_first_forms,
)
from tests.models import runtime

SHAPES = (
    *itertools.product((1, 2, 9, 64), (4, 8), (2, 3, 4, 5, 27, 64)),
    *((16, 4, 144), (5, 8, 33), (3, 1, 7), (7, 5, 6)),
)
"""Rows, rank, columns; and the axes behind the first one do not matter."""


def model(kind: str) -> Model:
    _, numpy = TYPES[kind]
    rng = np.random.default_rng(3)
    nodes, inputs, outputs = (
        list[onnx.NodeProto](),
        dict[str, npt.NDArray[Any]](),
        dict[str, Ints](),
    )
    for i, (m, k, n) in enumerate(SHAPES):
        shapes = {"w": (m, n, 1), "a": (m, k, 1), "b": (k, 1, n)}
        for name, shape in shapes.items():
            inputs[f"{name}{i}"] = rng.standard_normal(shape).astype(numpy)
        names = [f"{name}{i}" for name in shapes]
        nodes.append(helper.make_node("AddLowRank", names, [f"y{i}"], domain="ai.odl"))
        outputs[f"y{i}"] = shapes["w"]
        nodes.append(helper.make_node("FactorProduct", names[1:], [f"p{i}"], domain="ai.odl"))
        outputs[f"p{i}"] = (m, 1, n)
    return assembled(kind, nodes, inputs, outputs)


def test_the_bodies_multiply_matrices() -> None:
    made = model("f32")
    made.proto.functions.extend(functions({"ai.odl.AddLowRank", "ai.odl.FactorProduct"}))
    found = evaluator(made.proto).run(None, made.inputs), runtime(made.proto, made.inputs)
    for i, (m, k, n) in enumerate(SHAPES):
        w, a, b = (made.inputs[f"{name}{i}"] for name in "wab")
        change = a.reshape(m, k) @ b.reshape(k, n)
        for got in found:
            np.testing.assert_allclose(
                got[2 * i], w + change.reshape(w.shape), rtol=1e-5, atol=1e-5
            )
            np.testing.assert_allclose(
                got[2 * i + 1], change.reshape(m, 1, n), rtol=1e-5, atol=1e-5
            )


@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_is_within_the_bounds(kind: str, tmp_path: Path) -> None:
    made = model(kind)
    program = compiled(made, f"low_rank_{kind}", "gap9")
    called = {c.function for c in program.program.calls}
    assert ("odl_add_low_rank_f16_xpulp" in called) == (kind == "f16")
    assert f"odl_matmul_{kind}_xpulp" in called
    check(made, program, tmp_path / "program", 8, 1, 2, 3, 5)


@pytest.mark.parametrize("kind", list(TYPES))
def test_the_portable_body_does_the_same(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_first_forms(monkeypatch)
    program = compiled(model(kind), f"portable_{kind}", "host")
    assert f"odl_add_low_rank_{kind}" in {c.function for c in program.program.calls}
    check(model(kind), program, tmp_path / "program", 1)


def test_factors_of_another_shape_are_refused() -> None:
    single = ir.TensorType(ir.DataType.FLOAT)
    shapes = {"w": [3, 4], "a": [3, 2], "b": [2, 5]}
    values = [ir.Value(name=n, shape=ir.Shape(s), type=single) for n, s in shapes.items()]
    node = Node(ir.node("AddLowRank", values, domain="ai.odl", name="k"))
    with pytest.raises(Unsupported, match="'k': a 3 x 2 and a 2 x 5 matrix do not make 3 x 4"):
        lookup(node).check(node)
    node = Node(ir.node("FactorProduct", values[:2], domain="ai.odl", name="k"))
    with pytest.raises(Unsupported, match="'k': a 3 x 4 and a 3 x 2 matrix have no product"):
        lookup(node).check(node)
