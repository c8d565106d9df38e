"""Squares of gradients in single precision: bodies, kernels on every team, what is not finite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from odl.errors import Unsupported
from odl.ops import lookup
from odl.ops.node import Node
from odl.ops.reference import evaluator, functions
from tests.conformance.test_cluster_convolutions import TYPES, Model, check, compiled
from tests.models import runtime

SHAPES = [(1,), (17,), (3, 5), (64, 3, 3, 3), (9, 1, 2), (2, 129)]


def model(kind: str, scale: float = 1.0) -> Model:
    number, numpy = TYPES[kind]
    rng, inputs, outputs, nodes = np.random.default_rng(2), {}, [], []
    for i, shape in enumerate(SHAPES):
        rows = shape[0] if len(shape) > 1 else 1
        inputs[f"x{i}"] = (scale * rng.standard_normal(shape)).astype(numpy)
        node = helper.make_node("SquareSums", [f"x{i}"], [f"y{i}"], domain="ai.odl", rows=rows)
        nodes.append(node)
        outputs.append(helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, [rows]))
    given = [helper.make_tensor_value_info(n, number, v.shape) for n, v in inputs.items()]
    graph = helper.make_graph(nodes, "squares", given, outputs)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.odl", 1)]
    return Model(helper.make_model(graph, opset_imports=opsets, ir_version=9), inputs)


@pytest.mark.parametrize("kind", list(TYPES))
def test_the_body_sums_in_single_precision(kind: str) -> None:
    made = model(kind, scale=1000)  # whose squares no half can hold
    made.proto.functions.extend(functions({"ai.odl.SquareSums"}))
    want = []
    for x in made.inputs.values():
        squares = x.astype(np.float64) ** 2
        want.append(squares.reshape(len(x) if x.ndim > 1 else 1, -1).sum(axis=1))
    for got in (evaluator(made.proto).run(None, made.inputs), runtime(made.proto, made.inputs)):
        for a, b in zip(got, want, strict=True):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("target", ["gap9", "host"])
@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_sums_the_same(kind: str, target: str, tmp_path: Path) -> None:
    made = model(kind, scale=1000)
    program = compiled(made, f"squares_{kind}", target)
    assert [c.kernel.name for c in program.program.calls] == ["reduce_sum_square"] * len(SHAPES)
    check(made, program, tmp_path / "program", *((8, 1, 3) if target == "gap9" else (1,)))


@pytest.mark.parametrize("kind", list(TYPES))
def test_what_is_not_finite_is_seen(kind: str, tmp_path: Path) -> None:
    made = model(kind)
    for x, bad in zip(made.inputs.values(), [np.nan, np.inf, -np.inf], strict=False):
        x.flat[-1] = bad
    check(made, compiled(made, f"odd_squares_{kind}", "gap9"), tmp_path / "program", 8)


def test_uneven_rows_are_refused() -> None:
    x = ir.Value(name="x", shape=ir.Shape([7]), type=ir.TensorType(ir.DataType.FLOAT16))
    node = ir.node("SquareSums", [x], {"rows": 2}, domain="ai.odl", name="n")
    node.outputs[0].shape, node.outputs[0].type = ir.Shape([2]), ir.TensorType(ir.DataType.FLOAT)
    with pytest.raises(Unsupported, match=r"node 'n': its result is not f32 \[2\], of as many"):
        lookup(Node(node)).check(Node(node))
