"""Which body of a kernel a call gets: that of the target's ISA where one exists for the types."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from odl.compile import Options, compile_graph
from tests.models import graph


def relu(kind: str) -> ir.Model:
    return graph(f"relu ({kind}[4] x) => ({kind}[4] y) {{ y = Relu (x) }}")


@pytest.mark.parametrize(
    ("target", "kind", "function", "file"),
    [
        ("spike-rvv", "float", "odl_relu_f32_rvv", "relu_rvv.c"),
        ("spike-rvv", "float16", "odl_relu_f16_rvv", "relu_rvv.c"),
        ("spike-rvv", "int32", "odl_relu_i32", "relu.c"),
        ("spike", "float", "odl_relu_f32", "relu.c"),
    ],
)
def test_the_body_is_that_of_the_isa_and_the_types(
    target: str, kind: str, function: str, file: str
) -> None:
    (call,) = compile_graph(relu(kind), "relu", Options(target, 1)).program.calls
    assert (call.function, call.file) == (function, file)
