"""infer_shapes: every value gets a type and a shape, or the user is told why not."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.errors import ModelError
from odl.transform.infer_shapes import infer_shapes
from tests.models import as_bytes, conv_net, graph, reference, samples

CONTRADICTION = "shapes or types contradict each other: "


def test_every_value_gets_a_shape_and_a_type() -> None:
    net = infer_shapes(ir.serde.deserialize_model(conv_net()))
    shapes = {n.outputs[0].name: list(n.outputs[0].shape) for n in net.graph}
    image = [1, 4, 8, 8]
    assert shapes == {
        **dict.fromkeys("cnr", image),
        "p": [1, 4, 4, 4],
        "f": [1, 64],
        "g": [1, 3],
        "scores": [1, 3],
    }
    assert {n.outputs[0].dtype for n in net.graph} == {ir.DataType.FLOAT}


def test_nothing_else_changes() -> None:
    inputs = samples(conv_net())
    net = infer_shapes(ir.serde.deserialize_model(conv_net()))
    np.testing.assert_array_equal(reference(net, inputs)[0], reference(conv_net(), inputs)[0])
    assert [v.name for v in net.graph.inputs] == ["image"]
    assert len(net.graph.initializers) == 8
    before = as_bytes(net)
    assert as_bytes(infer_shapes(net)) == before


def test_the_data_of_shapes_is_followed() -> None:
    net = infer_shapes(
        graph("""g (float[2,3,4] x) => (float[?,?] y) <int64[1] rest = {-1}, int64[1] i = {0}>
        { s = Shape (x) n = Gather (s, i) t = Concat <axis = 0> (n, rest) y = Reshape (x, t) }""")
    )
    assert list(net.graph.outputs[0].shape) == [2, 12]


def test_an_operator_of_ours_gets_none_and_is_no_error() -> None:
    net = graph("g (float[4] x) => (float[4] y) { a = Relu (x) y = Relu (a) }")
    net.graph[0].domain = "ai.odl"
    net.opset_imports["ai.odl"] = 1
    assert infer_shapes(net).graph[0].outputs[0].shape is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "g (float[2,3] x, float[4,5] w) => (float[2,5] y) { [mul] y = MatMul (x, w) }",
            "[ShapeInferenceError] Inference error(s): (op_type:MatMul, node name: mul): "
            "[ShapeInferenceError] Incompatible dimensions for matrix multiplication",
        ),
        (
            "g (float[2,3] x) => (float[2,4] y) { [same] y = Relu (x) }",
            "[ShapeInferenceError] Inference error(s): (op_type:Relu, node name: same): "
            "[ShapeInferenceError] Inferred shape and existing shape differ in dimension 1: "
            "(3) vs (4)",
        ),
        (
            "g (int64[2] x, float[2] z) => (float[2] y) { [sum] y = Add (x, z) }",
            "[ShapeInferenceError] (op_type:Add, node name: sum): B has inconsistent type "
            "tensor(float)",
        ),
    ],
    ids=["shapes", "declared", "types"],
)
def test_contradictions_are_refused(
    capfd: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    with pytest.raises(ModelError) as error:
        infer_shapes(graph(text))
    assert str(error.value) == f"graph: {CONTRADICTION}{reason}"
    assert capfd.readouterr() == ("", "")
