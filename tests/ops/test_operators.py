"""What the compiler asks of every operator: cost, bounds, and bodies in standard ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import parser, version_converter

from odl.compile import Options, compile_graph
from odl.ops import lookup, registry
from odl.ops.node import Node, constant_value
from odl.ops.reference import evaluate
from tests.conformance.random_models import RandomModel, random_models

MODELS = random_models()


def macs(body: str) -> int:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g {body}'
    model = ir.serde.deserialize_model(parser.parse_model(text))
    return compile_graph(model, "g", Options()).program.macs


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (
            "(float[2,4,8,8] x, float[6,2,3,3] w) => (float[2,6,6,6] y) "
            "{ y = Conv <group = 2> (x, w) }",
            2 * 6 * 36 * 2 * 9,
        ),
        ("(float[5,3] x, float[3,7] w) => (float[5,7] y) { y = MatMul (x, w) }", 5 * 3 * 7),
        (
            "(float[3,5] x, float[7,3] w) => (float[5,7] y) "
            "{ y = Gemm <transA = 1, transB = 1> (x, w) }",
            5 * 3 * 7,
        ),
        ("(float[4] x) => (float[4] y) { y = Relu (x) }", 0),
    ],
)
def test_multiply_accumulates(body: str, count: int) -> None:
    assert macs(body) == count


@pytest.mark.parametrize("case", MODELS, ids=lambda c: c.name)
def test_bounds_are_as_large_as_the_results_and_not_negative(case: RandomModel) -> None:
    """On float64 inputs, at the unit roundoff of float32."""
    converted = version_converter.convert_version(case.model, onnx.defs.onnx_opset_version())
    model = ir.serde.deserialize_model(converted)
    compile_graph(model, case.name, Options())
    constants = {str(v.name): constant_value(v) for v in model.graph.initializers.values()}
    values: dict[str, Any] = {**constants, **case.inputs}
    for ir_node in model.graph:
        node = Node(ir_node)
        x = [np.asarray(values[str(v.name)]) for v in ir_node.inputs if v is not None]
        x = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in x]
        y = evaluate(node, x)
        with np.errstate(all="ignore"):
            bounds = lookup(node).bound(node, x, y, 2.0**-24)
            assert not any((b < 0).any() for b in bounds)
        for bound, result in zip(bounds, y, strict=False):
            assert np.shape(bound) == result.shape
        values.update(zip((str(v.name) for v in ir_node.outputs), y, strict=False))


def test_our_own_operators_have_bodies() -> None:
    for name, operator in registry().items():
        body = operator.function()
        assert (body is not None) == name.startswith("ai.odl.")
        if body is not None:
            assert f"{body.domain}.{body.name}" == name
