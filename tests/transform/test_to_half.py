"""to_half: everything but what a rule keeps, with the model's names, inputs and outputs."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.compile import Options, compile_graph
from odl.plan.interpret import interpret
from odl.transform.infer_shapes import infer_shapes
from odl.transform.to_half import to_half
from tests.models import conv_net, graph, operators, samples


def turned(text: str) -> tuple[ir.Model, dict[str, str]]:
    net = infer_shapes(graph(text))
    return net, to_half(net)


def types(net: ir.Model) -> dict[str, str]:
    values = [*net.graph.inputs, *net.graph.initializers.values()]
    values += [v for node in net.graph for v in node.outputs]
    return {str(v.name): str(v.dtype) for v in values}


def test_inputs_and_outputs_keep_their_types_and_names() -> None:
    net, kept = turned("g (float[4] x) => (float[4] y) { a = Relu (x) y = Sigmoid (a) }")
    assert operators(net) == ["Cast", "Relu", "Sigmoid", "Cast"]
    assert types(net) == {
        "x": "FLOAT", "x/half": "FLOAT16", "a": "FLOAT16", "y/half": "FLOAT16", "y": "FLOAT",
    }  # fmt: skip
    assert kept == {"x": "input of the model", "y": "output of the model"}


def test_weights_keep_their_names() -> None:
    net, _ = turned(
        "g (float[2] x) => (float[2] y) <float[2] w = {1.5, 2}> { a = Mul (x, w) y = Relu (a) }"
    )
    assert types(net)["w"] == "FLOAT16"
    np.testing.assert_array_equal(net.graph.initializers["w"].const_value.numpy(), [1.5, 2])


def test_a_weight_that_both_precisions_read_stands_twice() -> None:
    net, _ = turned(
        "g (float[2] x) => (float[2] y, float[2] z) <float[2] w = {1.5, 2}> "
        "{ a = Mul (x, w) y = Relu (a) z = Pow (w, x) }"
    )
    assert types(net)["w"] == "FLOAT"
    assert types(net)["w/half"] == "FLOAT16"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("y = Softmax (x)", "Softmax: small probabilities count"),
        ("y = ReduceSumSquare <keepdims = 1> (x)", "ReduceSumSquare: a sum may exceed 65504"),
        ("y = Exp (x)", "Exp: exp(12) exceeds 65504"),
        ("y = Mul (x, big)", "'big' is beyond half precision's 65504"),
        ("y = Add (x, tiny)", "'tiny' would become 0"),
    ],
)
def test_what_stays_says_why(body: str, reason: str) -> None:
    net, kept = turned(
        "g (float[3] x) => (float[?] z) <float big = {70000}, float tiny = {1e-9}> "
        f"{{ {body} z = Relu (y) }}"
    )
    assert kept["y"] == reason
    assert types(net)["y"] == "FLOAT"
    assert types(net)["y/half"] == "FLOAT16"


def test_outputs_that_stay_need_no_cast() -> None:
    net, _ = turned("g (float[3] x) => (float[3] y) { a = Relu (x) y = Softmax (a) }")
    assert operators(net) == ["Cast", "Relu", "Cast", "Softmax"]


def test_integers_are_left_alone() -> None:
    net, _ = turned("g (float[3] x) => (int64[1] y) { a = Relu (x) y = ArgMax (a) }")
    assert types(net)["y"] == "INT64"


def test_a_network_gives_nearly_the_same() -> None:
    net = conv_net()
    inputs = samples(net)
    seen = []
    for dtype in ("fp32", "fp16"):
        model = ir.serde.deserialize_model(net)
        seen.append(interpret(compile_graph(model, "g", Options(dtype=dtype)).program, inputs))
    np.testing.assert_allclose(seen[1]["scores"], seen[0]["scores"], atol=3e-3)
    assert seen[1]["r"].dtype == np.float16
