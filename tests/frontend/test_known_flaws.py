"""One small model for each class of flaw that has been found in readers of ONNX, and its answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from odl.compile import Options, compile_model
from tests.models import model, one_node, refusal, relu_net, write

INVALID = "model.onnx: not a valid ONNX model: "
CONTRADICTION = "graph: shapes or types contradict each other: "
NET = "g (float[4] x) => (float[4] y) { y = Relu (x) }"
Edit = Callable[[onnx.ModelProto], Any]


def added(text: str = "y = Add (x, w)", **tensor: Any) -> onnx.ModelProto:
    """A model with a constant `w` as the fields say."""
    net = model(f"g (float[4] x) => (float[4] y) {{ {text} }}")
    net.graph.initializer.add(**{"name": "w", "data_type": TensorProto.FLOAT, **tensor})
    return net


def edited(edit: Edit, text: str = NET) -> onnx.ModelProto:
    net = model(text)
    edit(net)
    return net


def attribute(op: str, shape: tuple[int, ...] = (2, 3), **attributes: Any) -> onnx.ModelProto:
    return one_node(helper.make_node(op, ["x"], ["y"], name="n", **attributes), shape)


def with_constant(name: str, twice: bool = False, out: str = "") -> onnx.ModelProto:
    """A constant of the name, and an output that is called like it."""
    net = model(NET)
    tensor = numpy_helper.from_array(np.ones(4, np.float32), name)
    net.graph.initializer.extend([tensor] * (2 if twice else 1))
    if out:
        net.graph.output.append(helper.make_tensor_value_info(out, TensorProto.FLOAT, [4]))
    return net


def input_of(kind: str) -> onnx.ModelProto:
    """An input that is no tensor, of a type that says no more."""
    return edited(lambda n: getattr(n.graph.input[0].type, kind).SetInParent())


def pooled(**attributes: Any) -> onnx.ModelProto:
    return attribute("MaxPool", (1, 1, 8), **{"kernel_shape": [2], **attributes})


def typed(elem_type: int) -> onnx.ModelProto:
    def edit(net: onnx.ModelProto) -> None:
        for value in (*net.graph.input, *net.graph.output):
            value.type.tensor_type.elem_type = elem_type

    return edited(edit)


def opsets(*versions: int, domain: str = "") -> onnx.ModelProto:
    net = relu_net()
    del net.opset_import[:]
    for version in versions:
        net.opset_import.add(domain=domain, version=version)
    return net


def looping() -> onnx.ModelProto:
    """A node that reads what it makes."""
    return model("g (float[4] x) => (float[4] y) { y = Add (x, y) }")


CASES: dict[str, tuple[onnx.ModelProto, str]] = {
    # versions
    "no opset": (opsets(), f"{INVALID}model with IR version >= 3 must specify opse"),
    "opset 0": (opsets(0), f"{INVALID}No Op registered for Relu with domain_versio"),
    "opset -1": (opsets(-1), f"{INVALID}No Op registered for Relu with domain_versio"),
    "opset 999": (
        opsets(999),
        "model: opset 999; supported: 11 to 28; export it with one of these",
    ),
    "opset 2^63-1": (opsets(2**63 - 1), f"{INVALID}Opset import version 9223372036854775807 is"),
    "two opsets": (opsets(21, 13), "model: two opsets, 21 and 13"),
    "only another domain": (opsets(1, domain="evil"), f"{INVALID}No opset import for domain ''"),
    "no IR version": (
        edited(lambda n: n.ClearField("ir_version")),
        f"{INVALID}The model does not have an ir_version set pr",
    ),
    "IR version 0": (
        edited(lambda n: setattr(n, "ir_version", 0)),
        f"{INVALID}The model does not have an ir_version set pr",
    ),
    "IR version 2^31": (
        edited(lambda n: setattr(n, "ir_version", 2**31)),
        f"{INVALID}Your model ir_version 2147483648 is higher t",
    ),
    # graphs
    "cycle of one": (looping(), f"{INVALID}Nodes in a graph must be topologically sorte"),
    "no nodes": (
        edited(lambda n: n.graph.ClearField("node")),
        f"{INVALID}Graph output 'y' is not an output of any nod",
    ),
    "no outputs": (
        edited(lambda n: n.graph.ClearField("output")),
        "model.onnx: the file holds no graph with outputs",
    ),
    "no name": (
        edited(lambda n: n.graph.ClearField("name")),
        f"{INVALID}Field 'name' of 'graph' is required to be no",
    ),
    "no inputs": (
        edited(lambda n: n.graph.ClearField("input")),
        f"{INVALID}Nodes in a graph must be topologically sorte",
    ),
    "an output twice": (
        edited(lambda n: n.graph.output.add().CopyFrom(n.graph.output[0])),
        "compiles",
    ),
    "an output nobody makes": (
        edited(lambda n: setattr(n.graph.output[0], "name", "z")),
        f"{INVALID}Graph output 'z' is not an output of any nod",
    ),
    "an output without a name": (
        edited(lambda n: setattr(n.graph.output[0], "name", "")),
        f"{INVALID}Field 'name' of 'value_info' is required to be non-empty",
    ),
    "a node without outputs": (
        edited(lambda n: n.graph.node[0].ClearField("output")),
        f"{INVALID}Node with schema(::Relu:14) has output size",
    ),
    "a node without inputs": (
        edited(lambda n: n.graph.node[0].ClearField("input")),
        f"{INVALID}Node with schema(::Relu:14) has input size 0",
    ),
    "a node without an operator": (
        edited(lambda n: n.graph.node[0].ClearField("op_type")),
        f"{INVALID}Field 'op_type' of 'node' is required to be",
    ),
    "an empty input": (
        edited(lambda n: n.graph.node[0].input.__setitem__(0, "")),
        f"{INVALID}Node ()'s input 0 is marked single but has",
    ),
    "an empty output": (
        edited(lambda n: n.graph.node[0].output.__setitem__(0, "")),
        f"{INVALID}Node ()'s output 0 is marked single but has",
    ),
    "an input twice": (
        edited(lambda n: n.graph.input.add().CopyFrom(n.graph.input[0])),
        f"{INVALID}Graph must be in single static assignment (S",
    ),
    "an initializer twice": (
        with_constant("w", twice=True),
        f"{INVALID}w initializer name is not unique",
    ),
    "an initializer made by a node": (
        with_constant("y"),
        f"{INVALID}Graph must be in single static assignment (S",
    ),
    "an initializer as output": (with_constant("w", out="w"), "compiles"),
    "an attribute twice": (
        edited(lambda n: n.graph.node[0].attribute.extend([helper.make_attribute("a", 1)] * 2)),
        f"{INVALID}Attribute 'a' appeared multiple times.",
    ),
    "a reference to no function's attribute": (
        edited(
            lambda n: n.graph.node[0].attribute.add(name="alpha", ref_attr_name="b", type=1),
            NET.replace("Relu", "LeakyRelu"),
        ),
        "node '': attribute 'alpha' refers to one of a function that is not there",
    ),
    "training information": (edited(lambda n: n.training_info.add()), "compiles"),
    # types and shapes
    **{f"element type {t}": (typed(t), "tensor 'x': its element type ") for t in (0, 8, 14, 23)},
    **{
        f"element type {t}": (typed(t), f"{INVALID}{t} is not a valid") for t in (99, -1, 2**31 - 1)
    },
    "an input without a type": (
        edited(lambda n: n.graph.input[0].ClearField("type")),
        f"{INVALID}Field 'type' of 'value_info' is required but",
    ),
    "an output without a type": (
        edited(lambda n: n.graph.output[0].ClearField("type")),
        f"{INVALID}Field 'type' of 'value_info' is required but",
    ),
    "a sparse input": (
        input_of("sparse_tensor_type"),
        f"{INVALID}Field 'elem_type' of 'type' is required but",
    ),
    "a map as input": (
        input_of("map_type"),
        f"{INVALID}Field 'key_type' of 'type' is required but m",
    ),
    "a sequence as input": (
        input_of("sequence_type"),
        f"{INVALID}Field 'elem_type' of 'type' is required but",
    ),
    "no elements": (relu_net(0), "tensor 'x': its shape [0] has no elements"),
    "dimension -1": (relu_net(-1), "tensor 'x': dimension -1 is negative"),
    "dimension 2^63-1": (relu_net(2**63 - 1), "tensor 'x': more than 268435456 elements"),
    "dimensions whose product is 0 in 64 bits": (
        relu_net(2**32, 2**32),
        "tensor 'x': more than 268435456 elements",
    ),
    "rank 5000": (relu_net(*[1] * 5000), "tensor 'x': 5000 dimensions; at most 255"),
    # constants
    "no data": (added(dims=[4]), f"{INVALID}TensorProto (tensor name: w) should contain"),
    "data of two kinds": (
        added(dims=[4], raw_data=bytes(16), float_data=[1, 2, 3, 4]),
        f"{INVALID}TensorProto (tensor name: w) should contain",
    ),
    "too few floats": (
        added(dims=[4], float_data=[1]),
        f"{INVALID}TensorProto (tensor name: w) float_data size",
    ),
    "too many floats": (
        added(dims=[4], float_data=[1] * 5),
        "tensor 'w': its data does not fit its type and shape",
    ),
    "floats in an integer": (
        added(dims=[4], data_type=7, float_data=[1] * 4),
        f"{INVALID}values of data_type '7' should be stored in",
    ),
    "text as a constant": (added(dims=[1], data_type=8, string_data=[b"a"]), CONTRADICTION),
    "half a 4-bit integer": (
        added(dims=[3], data_type=22, raw_data=bytes(1)),
        f"{INVALID}TensorProto (tensor name: w) raw_data size (",
    ),
    "a segment": (
        added(dims=[4], raw_data=bytes(16), segment={"begin": 0, "end": 1 << 60}),
        "tensor 'w': its data does not fit its type and shape",
    ),
    "huge dimensions of nothing": (
        added(dims=[2**40, 0]),
        "tensor 'w': more than 268435456 elements",
    ),
    # attributes
    "a NaN": (attribute("LeakyRelu", alpha=float("nan")), "compiles"),
    "an infinity": (attribute("LeakyRelu", alpha=float("inf")), "compiles"),
    "axis 2^62": (
        attribute("Softmax", axis=2**62),
        "Softmax node 'n': axis 4611686018427387904 is outside rank 2",
    ),
    "axis -2^63": (
        attribute("Flatten", axis=-(2**63)),
        "Flatten node 'n': axis -9223372036854775808 is outside rank 2",
    ),
    "negative kernel": (pooled(kernel_shape=[-2]), CONTRADICTION),
    "no kernel": (pooled(kernel_shape=[0]), CONTRADICTION),
    "huge kernel": (
        pooled(kernel_shape=[2**62]),
        "MaxPool node 'n': its output would have the shape [1, 1, -46116860184273878",
    ),
    "stride 0": (pooled(strides=[0]), CONTRADICTION),
    "stride -1": (pooled(strides=[-1]), CONTRADICTION),
    "huge stride": (
        pooled(strides=[2**63 - 1]),
        "MaxPool node 'n': stride 9223372036854775807 needs more than 32 bits",
    ),
    "a kernel larger than its input": (
        pooled(kernel_shape=[9]),
        "tensor 'y': its shape [1, 1, 0] has no elements",
    ),
    "wide numbers": (
        pooled(strides=[2**31]),
        "MaxPool node 'n': stride 2147483648 needs more than 32 bits",
    ),
    "huge pads": (
        attribute("AveragePool", (1, 1, 8), kernel_shape=[2], pads=[2**62, 2**62]),
        CONTRADICTION,
    ),
    "dilation 0": (pooled(dilations=[0]), CONTRADICTION),
    "a permutation of others": (attribute("Transpose", perm=[0, 0]), CONTRADICTION),
    "a permutation out of range": (attribute("Transpose", perm=[0, 7]), CONTRADICTION),
    "a permutation of another rank": (
        attribute("Transpose", perm=[0]),
        "Transpose node 'n': perm [0] is no permutation of 2 axes",
    ),
    "an attribute of another type": (
        attribute("Softmax", axis="one"),
        f"{INVALID}Mismatched attribute type in 'n : axis'. Exp",
    ),
    "an attribute that nobody knows": (
        attribute("Relu", secret=1),
        f"{INVALID}Unrecognized attribute: secret for operator",
    ),
    "a text that is not UTF-8": (
        pooled(auto_pad=b"\xff\xfe"),
        "MaxPool node 'n': auto_pad 'b'\\xff\\xfe''; supported: NOTSET, VALID, SAME_UP",
    ),
    "a text with escapes": (
        pooled(auto_pad="\x1b[2J\n*/"),
        "MaxPool node 'n': auto_pad '\\x1b[2J\\n*/'; supported: NOTSET, VALID, SAME_UP",
    ),
    "cast to no type": (attribute("Cast", to=99), CONTRADICTION),
    # constants that blow up
    "a shape of 2^40": (
        model(
            "g (float[4] x) => (float[?] y) <int64[1] n = {1099511627776}> "
            "{ y = ConstantOfShape (n) }"
        ),
        "ConstantOfShape node 'node': 1099511627776 elements are too many to be folded",
    ),
    "a million copies": (
        model("g (float[4] x) => (float[?] y) <int64[1] n = {268435457}> { y = Tile (x, n) }"),
        "tensor 'y': more than 268435456 elements",
    ),
    "a long range": (
        model(
            "g (float[4] x) => (float[?] y) <float a = {0}, float b = {1e30}, float c = {1e-30}> "
            "{ r = Range (a, b, c) y = Add (x, r) }"
        ),
        CONTRADICTION,
    ),
    "an endless range": (
        model(
            "g (float[4] x) => (float[?] y) <float a = {0}, float b = {1}, float c = {0}> "
            "{ r = Range (a, b, c) y = Add (x, r) }"
        ),
        CONTRADICTION,
    ),
    "huge pads as a constant": (
        model(
            "g (float[4] x) => (float[?] y) <int64[2] p = {4611686018427387904, 1}> "
            "{ y = Pad (x, p) }"
        ),
        "tensor 'y': more than 268435456 elements",
    ),
    "pads that remove more than there is": (
        model("g (float[4] x) => (float[?] y) <int64[2] p = {-9, 1}> { y = Pad (x, p) }"),
        "Pad node 'node': its output would have the shape [-4]",
    ),
    "an impossible reshape": (
        model("g (float[4] x) => (float[?] y) <int64[2] s = {-1, -1}> { y = Reshape (x, s) }"),
        CONTRADICTION,
    ),
    "a division by zero": (
        model(
            "g (float[4] x) => (float[4] y) <int64[1] a = {1}, int64[1] b = {0}> "
            "{ c = Div (a, b) d = Cast <to = 1> (c) y = Add (x, d) }"
        ),
        "compiles",
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_known_flaw_is_answered(tmp_path: Path, kind: str) -> None:
    net, text = CASES[kind]
    path = write(net, tmp_path)
    if text == "compiles":
        assert compile_model(path, Options()).program.calls
    else:
        assert refusal(path).startswith(text)
        assert text
