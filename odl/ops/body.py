"""Bodies of our own operators, in ONNX's text form: the specification that any engine can run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import onnx
import onnx.parser
from onnx import helper

OPSET = 21


@cache
def body(text: str) -> onnx.FunctionProto:
    """The function `Name <attributes> (inputs) => (outputs) { nodes }` of the domain ai.odl."""
    header = f'<domain: "ai.odl", opset_import: ["": {OPSET}]>\n'
    return onnx.parser.parse_function(header + text)


def forwarded(op_type: str, inputs: Sequence[str], attributes: Sequence[str]) -> onnx.NodeProto:
    """A node of a body that takes these attributes from the function; its output is `y`."""
    node, schema = helper.make_node(op_type, inputs, ["y"]), onnx.defs.get_schema(op_type, OPSET)
    for name in attributes:
        kind = schema.attributes[name].type
        reference: Any = {"name": name, "ref_attr_name": name, "type": getattr(kind, "value", kind)}
        node.attribute.append(onnx.AttributeProto(**reference))
    return node
