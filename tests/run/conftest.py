"""Two small models on one sanitized host program."""

from __future__ import annotations

import onnx_ir as ir
import pytest
from onnx import parser

from odl.compile import Compiled, Options, compile_graph
from tests.devices import Programs, host_programs

FIRST = """<ir_version: 8, opset_import: ["" : 17]>
first (float[1,2000] x) => (float[1,2000] y) { a = Relu (x) b = Sigmoid (a) y = Add (b, b) }"""
SECOND = FIRST.replace("first", "second").replace("Sigmoid", "Tanh")


def compiled(text: str, name: str) -> Compiled:
    model = ir.serde.deserialize_model(parser.parse_model(text))
    return compile_graph(model, name, Options("host", 1))


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    models = [compiled(FIRST, "first"), compiled(SECOND, "second")]
    return host_programs(models, tmp_path_factory.mktemp("run"))
