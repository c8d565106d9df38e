"""ONNX Runtime's 8-bit tensors, judged node by node as the device's are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
import onnxruntime as ort

from odl.compile import Compiled
from odl.ops import lookup
from odl.ops.node import Node, constant_value
from odl.ops.reference import evaluate

Array = npt.NDArray[Any]


def exact_session(model: bytes) -> ort.InferenceSession:
    """ONNX Runtime without the kernels that saturate sums of two products in 16 bits.

    On x86 without VNNI it takes those for unsigned activations, unless told not to.
    """
    options = ort.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def disagreements(compiled: Compiled, known: dict[str, Array]) -> dict[str, str]:
    """What is wrong with each tensor in `known` that a node of the compiled graph makes of others.

    An 8-bit tensor must be what the node makes of its inputs in `known`, but for elements that the
    operator calls the same. What a table holds may differ by one: ONNX Runtime computes it in
    single precision. Where an input is a float that nobody knows, there is nothing to judge.
    """
    graph = ir.serde.deserialize_model(compiled.graph).graph
    constants = {str(v.name): constant_value(v) for v in graph.initializers.values()}
    values = {**{k: v for k, v in constants.items() if v is not None}, **known}
    wrong = {}
    for ir_node in graph:
        node, name = Node(ir_node), str(ir_node.outputs[0].name)
        inputs = [values.get(str(v.name)) for v in ir_node.inputs if v is not None]
        if name not in known or known[name].dtype.itemsize != 1:
            continue
        x = [_wide(v) for v in inputs if v is not None]
        if len(x) < len(inputs):
            continue
        got = [known[name]]
        want = evaluate(node, x)[:1]
        right = (got[0] == want[0]) | lookup(node).same(node, x, got, want)[0]
        if node.op == "ai.odl.QTable":
            right |= np.abs(got[0].astype(int) - want[0].astype(int)) <= 1
        if not right.all():
            wrong[name] = f"{node.op}: {np.count_nonzero(~right)} of {right.size} elements"
    return wrong


def _wide(v: Array) -> Array:
    return v.astype(np.float64) if v.dtype.kind == "f" else v
