"""Model files: every opset that odl reads means the same after, and what is no model is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper

from odl.cli import _run
from odl.compile import Options, compile_model
from odl.errors import OdlError
from odl.frontend.limits import FILE_BYTES
from odl.frontend.onnx_file import OLDEST_OPSET, OPSET, read_onnx
from odl.plan.interpret import interpret
from tests.models import conv_net, model, one_node, reference, refusal, relu_net, runtime, samples
from tests.models import write as write_model

NEWEST_OF_RUNTIME = 27
"""The newest opset that onnxruntime 1.32 loads."""

DAMAGED = "model.onnx: not an ONNX file, or a damaged one"
INVALID = "model.onnx: not a valid ONNX model: "
NOT_SUPPORTED = "this operator is not supported; 'odl ops' lists what is"

OLD_FORMS = """old (float[2,1,3,4] x) => (float[2,3] y)
{
  s = Squeeze <axes = [1]> (x)
  c = Softmax <axis = 1> (s)
  y = ReduceMean <axes = [-1], keepdims = 0> (c)
}"""
"""Attributes that became inputs in 13 and 18, and the Softmax that flattened until 12."""


@pytest.mark.parametrize("opset", range(OLDEST_OPSET, NEWEST_OF_RUNTIME + 1))
def test_every_opset_is_upgraded_and_means_the_same(tmp_path: Path, opset: int) -> None:
    net = conv_net(opset)
    read = read_onnx(write_model(net, tmp_path))
    assert read.opset_imports[""] == OPSET
    inputs = samples(net)
    want = runtime(net, inputs)
    np.testing.assert_allclose(reference(read, inputs)[0], want[0], rtol=1e-5, atol=1e-6)


def test_the_newest_opset_is_read(tmp_path: Path) -> None:
    net = conv_net(OPSET)
    read = read_onnx(write_model(net, tmp_path))
    inputs = samples(net)
    np.testing.assert_array_equal(reference(read, inputs)[0], reference(net, inputs)[0])


@pytest.mark.parametrize("opset", [11, 12])
def test_operators_whose_form_changed_keep_their_meaning(tmp_path: Path, opset: int) -> None:
    net = model(OLD_FORMS, opset)
    inputs = samples(net)
    program = compile_model(write_model(net, tmp_path), Options()).program
    got = interpret(program, inputs)["y"]
    np.testing.assert_allclose(got, runtime(net, inputs)[0], rtol=1e-5, atol=1e-6)


def test_operators_in_functions_keep_their_old_meaning(tmp_path: Path) -> None:
    opsets = [helper.make_opsetid("", 12)]
    flattening = helper.make_node("Softmax", ["a"], ["b"], axis=1)
    net = one_node(helper.make_node("soft", ["x"], ["y"], domain="mine"), (2, 3, 4), opset=12)
    net.functions.append(helper.make_function("mine", "soft", ["a"], ["b"], [flattening], opsets))
    net.opset_import.append(helper.make_opsetid("mine", 1))
    inputs = samples(net)
    program = compile_model(write_model(net, tmp_path), Options()).program
    got = interpret(program, inputs)["y"]
    np.testing.assert_allclose(got, runtime(net, inputs)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("opset", [OLDEST_OPSET - 1, OPSET + 1])
def test_other_opsets_are_refused(tmp_path: Path, opset: int) -> None:
    net = relu_net()
    net.opset_import[0].version = opset
    advice = f"supported: {OLDEST_OPSET} to {OPSET}; export it with one of these"
    assert refusal(write_model(net, tmp_path)) == f"model: opset {opset}; {advice}"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "model.onnx: the file is empty"),
        (b"\x1c\0\0\0TFL3", "model.onnx: not a valid TFLite model: an offset leaves the file"),
        (b"#!/bin/sh\nrm -rf /\n", DAMAGED),
        (b"PK\x03\x04" + bytes(100), DAMAGED),
        (b"\x08\x08", "model.onnx: the file holds no graph with outputs"),
    ],
    ids=["empty", "tflite", "script", "zip", "no graph"],
)
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert refusal(path) == text


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: not a file"
    missing = tmp_path / "missing.onnx"
    assert refusal(missing) == f"{missing}: cannot be read: No such file or directory"
    pipe = tmp_path / "pipe.onnx"
    os.mkfifo(pipe)
    assert refusal(pipe) == f"{pipe}: not a file"
    device = Path("/dev/zero")
    assert refusal(device) == "/dev/zero: not a file"


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(FILE_BYTES + 1)
    text = f"{path}: {FILE_BYTES + 1} bytes; at most {FILE_BYTES} are read"
    assert refusal(path) == text


@pytest.mark.parametrize("eighths", range(1, 8))
def test_a_cut_file_is_refused(tmp_path: Path, eighths: int) -> None:
    path = write_model(conv_net(), tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * eighths // 8])
    assert refusal(path) == DAMAGED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert refusal(path).startswith("model.onnx: ")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
@given(st.data())
def test_a_damaged_model_compiles_or_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    sound = bytearray(conv_net(13).SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "model.onnx"
    path.write_bytes(sound)
    with suppress(OdlError):
        assert compile_model(path, Options()).program.calls


GRAPHS = {
    "g (float[4] x) => (float[4] y) { y = Relu (z) z = Relu (x) }": INVALID
    + "Nodes in a graph must be topologically sorted, however input 'z' of node: name: OpType: "
    "Relu is not output of any previous nodes.",
    "g (float[4] x) => (float[4] y) { a = Add (x, b) b = Relu (a) y = Relu (b) }": INVALID
    + "Nodes in a graph must be topologically sorted, however input 'b' of node: name: OpType: "
    "Add is not output of any previous nodes.",
    "g (float[4] x) => (float[4] y) { y = Add (x, w) }": INVALID
    + "Nodes in a graph must be topologically sorted, however input 'w' of node: name: OpType: "
    "Add is not output of any previous nodes.",
    "g (float[4] x) => (float[4] y) { y = Relu (x) y = Neg (x) }": INVALID
    + "Graph must be in single static assignment (SSA) form, however 'y' has been used as output "
    "names multiple times.",
    "g (float[4] x, float[4] x) => (float[4] y) { y = Relu (x) }": INVALID
    + "Graph must be in single static assignment (SSA) form, however 'x' has been used as graph "
    "input names multiple times.",
    "g (float[4] x) => (float[4] y) { z = Relu (x) }": INVALID
    + "Graph output 'y' is not an output of any node in graph.",
    "g (float[4] x) => (float[4] y) { y = NoSuch (x) }": INVALID
    + f"No Op registered for NoSuch with domain_version of {OPSET}",
    "g (string[4] x) => (string[4] y) { y = Identity (x) }": "tensor 'x': its element type STRING "
    "has no kernels; odl compiles f32, f16, i8, u8, i32, i64, b8",
    "g (float[4] x) => (float[4] x) { y = Relu (x) }": "input 'x': it is an output, too; put an "
    "Identity between them",
    """g (float[4] x, bool c) => (float[4] y) { y = If (c) <
    then_branch = t () => (float[4] a) { a = Relu (x) },
    else_branch = e () => (float[4] b) { b = Neg (x) }> }""": f"If node 'node': {NOT_SUPPORTED}",
    """g (float[4] x) => (float[4] y) <int64 n = {3}, bool c = {1}> { y = Loop (n, c, x) <
    body = b (int64 i, bool k, float[4] s) => (bool o, float[4] a) { o = Identity (k) a = Relu (s) }
    > }""": f"Loop node 'node': {NOT_SUPPORTED}",
    "g (float[4] x) => (float[?] y) { s = SequenceConstruct (x, x) "
    "y = ConcatFromSequence <axis = 0> (s) }": "graph: shapes or types contradict each other: "
    "(op_type:ConcatFromSequence, node name: node_1): [ShapeInferenceError] Invalid value of "
    "attribute 'axis'. Accepted range=[0, -1], Value=0",
    "g (seq(float[4]) x) => (float[?] y) { y = ConcatFromSequence <axis = 0> (x) }": "input 'x': "
    "it is no tensor",
    "g (optional(float[4]) x) => (float[4] y) { y = OptionalGetElement (x) }": "input 'x': "
    "it is no tensor",
}


@pytest.mark.parametrize("text", GRAPHS, ids=range(len(GRAPHS)))
def test_graphs_that_are_refused(tmp_path: Path, text: str) -> None:
    assert refusal(write_model(model(text), tmp_path)) == GRAPHS[text]


@pytest.mark.parametrize(
    ("opset", "text"),
    [
        (OPSET, f"evil.Relu node 'node': {NOT_SUPPORTED.replace(';', '; nearest: Relu;')}"),
        (13, "evil.Relu node '': this operator is not ONNX's own; 'odl ops' lists what is"),
    ],
)
def test_a_foreign_domain_is_refused(tmp_path: Path, opset: int, text: str) -> None:
    net = relu_net(opset=opset)
    net.graph.node[0].domain = "evil"
    assert refusal(write_model(net, tmp_path)) == f"{INVALID}No opset import for domain 'evil'"
    net.opset_import.append(helper.make_opsetid("evil", 1))
    assert refusal(write_model(net, tmp_path)).startswith(text)


@pytest.mark.parametrize("size", [1, 15, 17, 32])
def test_an_initializer_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    text = refusal(write_model(_added(onnx.TensorProto.FLOAT, bytes(size)), tmp_path))
    assert text in (
        "tensor 'w': its data does not fit its type and shape",
        f"{INVALID}TensorProto (tensor name: w) raw_data size ({size} bytes) is too small for the "
        "declared shape and type (16 bytes required).",
    )


@pytest.mark.parametrize("elem_type", [99, -1])
def test_an_initializer_of_no_type_is_refused(tmp_path: Path, elem_type: int) -> None:
    text = refusal(write_model(_added(elem_type, bytes(16)), tmp_path))
    assert text == "tensor 'w': its data does not fit its type and shape"


def _added(elem_type: int, data: bytes) -> onnx.ModelProto:
    net = model("g (float[4] x) => (float[4] y) { y = Add (x, w) }")
    net.graph.initializer.add(name="w", data_type=elem_type, dims=[4], raw_data=data)
    return net


def test_shapes_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    net = model("g (float[2,3] x, float[4,5] w) => (float[2,5] y) { y = MatMul (x, w) }")
    assert refusal(write_model(net, tmp_path)) == (
        "graph: shapes or types contradict each other: [ShapeInferenceError] Inference error(s): "
        "(op_type:MatMul, node name: node): [ShapeInferenceError] Incompatible dimensions for "
        "matrix multiplication"
    )


def test_the_command_line_says_one_line_and_leaves_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    net = model("g (float[2,3] x, float[4,5] w) => (float[2,5] y) { y = MatMul (x, w) }")
    out = tmp_path / "out"
    assert _run(["compile", str(write_model(net, tmp_path)), "-o", str(out)]) == 3
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith("odl: graph: shapes or types contradict each other: ")
    assert said.err.count("\n") == 1
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_onnx_ir_prints_no_warnings_with_raw_names() -> None:
    code = "import logging, odl.frontend.onnx_file; logging.getLogger('onnx_ir.x').warning('raw')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_process_says_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    command = [sys.executable, "-c", "import odl.cli; odl.cli.main()", "compile", "model.onnx"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"odl: {DAMAGED}\n")
    assert os.listdir(tmp_path) == ["model.onnx"]
