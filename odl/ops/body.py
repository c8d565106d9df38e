"""Bodies of our own operators, in ONNX's text form: the specification that any engine can run."""

from __future__ import annotations

from functools import cache

import onnx
import onnx.parser

OPSET = 21


@cache
def body(text: str) -> onnx.FunctionProto:
    """The function `Name <attributes> (inputs) => (outputs) { nodes }` of the domain ai.odl."""
    header = f'<domain: "ai.odl", opset_import: ["": {OPSET}]>\n'
    return onnx.parser.parse_function(header + text)
