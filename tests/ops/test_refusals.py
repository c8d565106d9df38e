"""What is not supported is refused in one line: operator, node, reason, nearest supported form."""

from __future__ import annotations

import onnx_ir as ir
import pytest
from onnx import parser

from odl.compile import Options, compile_graph
from odl.errors import Unsupported

CASES = {
    "(float[1,3,4,4,4] x) => (float[1,2,4,4,4] y) <float[2,3,1,1,1] w = {1,1,1,1,1,1}> "
    "{ [n] y = Conv (x, w) }": "Conv node 'n': 3 spatial dimensions; supported: 1 and 2",
    "(double[2] x) => (double[2] y) { [n] y = Relu (x) }": (
        "tensor 'x': its element type DOUBLE has no kernels; odl compiles f32, f16, i8, u8, i32, "
        "i64, b8"
    ),
    "(int32[2] x, float[2] z) => (int32[2] y) { [n] y = Pow (x, z) }": (
        "Pow node 'n': i32 to the power of f32; supported: exponents f32, f16, i32, i64; "
        "integers with integers"
    ),
    "(float[4] x, int64[2] s) => (float[2,2] y) { [n] y = Reshape (x, s) }": (
        "Reshape node 'n': input 1 is not a constant; make it an initializer of the model"
    ),
    "(float[4] x, int64[2] p) => (float[6] y) { [n] y = Pad (x, p) }": (
        "Pad node 'n': input 1 is not a constant; make it an initializer of the model"
    ),
    "(float[2,1,2,1,2,1,2,1,2,1,2,1,2,1] x, float[1,2,1,2,1,2,1,2,1,2,1,2,1,2] z) => "
    "(float[2,2,2,2,2,2,2,2,2,2,2,2,2,2] y) { [n] y = Add (x, z) }": (
        "Add node 'n': broadcasting over 14 dimensions; at most 6"
    ),
    "(float[2,3,4,4] x) => (float[2,3,4,4] y, bool[2,3,4,4] m) { [n] y, m = Dropout (x) }": (
        "Dropout node 'n': training mode; export the model for inference"
    ),
}


@pytest.mark.parametrize("body", CASES, ids=[c.split("[n]")[1].strip(" }") for c in CASES])
def test_refused_in_one_line(body: str) -> None:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g {body}'
    model = ir.serde.deserialize_model(parser.parse_model(text))
    with pytest.raises(Unsupported) as error:
        compile_graph(model, "g", Options())
    assert str(error.value) == CASES[body]
    assert error.value.exit_code == 3


def test_an_attribute_that_is_not_known_is_refused() -> None:
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu (x) }'
    )
    model = ir.serde.deserialize_model(parser.parse_model(text))
    node = next(iter(model.graph))
    node.name = "n"
    node.attributes.add(ir.AttrInt64("odd", 1))
    with pytest.raises(Unsupported) as error:
        compile_graph(model, "g", Options())
    assert str(error.value) == "Relu node 'n': attribute 'odd' is not supported; supported: none"
