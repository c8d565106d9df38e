"""Models that are small as files and huge in any other way are refused before they cost much."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from odl.compile import Options, compile_model
from odl.frontend import limits
from odl.frontend.limits import ATTRIBUTE_BYTES, CALLS, NAME_BYTES, NESTING
from odl.frontend.onnx_file import OPSET
from odl.program import ELEMENTS
from tests.models import model, one_node, refusal, relu_net, write

OPSETS = [helper.make_opsetid("", OPSET), helper.make_opsetid("mine", 1)]


def calling(functions: int, width: int, recursive: bool = False) -> onnx.ModelProto:
    """A model that calls the last of a chain of functions, each `width` times the one before."""
    net = relu_net()
    net.graph.node[0].op_type, net.graph.node[0].domain = f"f{functions - 1}", "mine"
    net.opset_import.append(helper.make_opsetid("mine", 1))
    first = ("mine", f"f{functions - 1}") if recursive else ("", "Relu")
    for i in range(functions):
        domain, op = ("mine", f"f{i - 1}") if i else first
        steps = [
            helper.make_node(op, [f"t{j}"], [f"t{j + 1}"], domain=domain) for j in range(width)
        ]
        net.functions.append(
            helper.make_function("mine", f"f{i}", ["t0"], [f"t{width}"], steps, OPSETS)
        )
    return net


def nested(depth: int) -> onnx.ModelProto:
    """Ifs in Ifs; the innermost graph stands `depth` deep."""
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])]
    inner = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "inner", [], out)
    for _ in range(depth):
        branches = {"then_branch": inner, "else_branch": relu_net().graph}
        del branches["else_branch"].input[:]
        node = helper.make_node("If", ["c"], ["y"], **branches)
        inner = helper.make_graph([node], "inner", [], out)
    net = relu_net()
    net.graph.node[0].CopyFrom(inner.node[0])
    net.graph.input.append(helper.make_tensor_value_info("c", TensorProto.BOOL, []))
    return net


def with_weights(*dims: int) -> onnx.ModelProto:
    net = model("g (float[4] x) => (float[4] y) { y = Add (x, w) }")
    net.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=dims)
    return net


@pytest.mark.parametrize(
    ("dims", "text"),
    [
        ((2**31, 2**31), f"more than {ELEMENTS} elements"),
        ((2**32, 2**32), f"more than {ELEMENTS} elements"),
        ((2**63 - 1,), f"more than {ELEMENTS} elements"),
        ((ELEMENTS + 1,), f"more than {ELEMENTS} elements"),
        ((-4,), "dimension -4 is negative"),
        ((-2, -2), "dimension -2 is negative"),
        ((0, -1), "dimension -1 is negative"),
    ],
)
def test_impossible_dimensions_are_refused(
    tmp_path: Path, dims: tuple[int, ...], text: str
) -> None:
    assert refusal(write(relu_net(*dims), tmp_path)) == f"tensor 'x': {text}"
    assert refusal(write(with_weights(*dims), tmp_path)) == f"tensor 'w': {text}"
    value = onnx.TensorProto(name="v", data_type=TensorProto.FLOAT, dims=dims)
    constant = helper.make_node("Constant", [], ["y"], value=value)
    assert refusal(write(one_node(constant), tmp_path)) == f"tensor 'v': {text}"


def test_no_elements_are_refused_however_large_the_rest(tmp_path: Path) -> None:
    text = "tensor 'x': its shape [0, 4611686018427387904] has no elements"
    assert refusal(write(relu_net(0, 2**62), tmp_path)) == text


def test_the_number_of_nodes_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NODES", 10)
    net = relu_net()
    for i in range(9):
        net.graph.node.append(helper.make_node("Relu", ["x"], [f"t{i}"]))
    compile_model(write(net, tmp_path), Options())
    net.graph.node.append(helper.make_node("Relu", ["x"], ["t"]))
    assert refusal(write(net, tmp_path)) == "model: more than 10 nodes"


def test_nodes_in_subgraphs_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NODES", 6)
    assert refusal(write(nested(2), tmp_path)).startswith("If node 'node': ")
    assert refusal(write(nested(3), tmp_path)) == "model: more than 6 nodes"


def test_a_hundred_thousand_nodes_are_refused_in_time(tmp_path: Path) -> None:
    net = relu_net()
    net.graph.node.extend([helper.make_node("Relu", ["x"], ["t"])] * limits.NODES)
    assert refusal(write(net, tmp_path)) == "model: more than 100000 nodes"


def test_functions_count_as_often_as_they_are_called(tmp_path: Path) -> None:
    compile_model(write(calling(3, 3), tmp_path), Options())
    for net in (calling(12, 10), calling(40, 2)):
        assert refusal(write(net, tmp_path)) == "model: more than 100000 nodes"


def test_functions_that_call_themselves_are_refused(tmp_path: Path) -> None:
    text = f"model: functions call each other deeper than {CALLS}"
    for net in (calling(1, 1, recursive=True), calling(3, 2, recursive=True), calling(80, 1)):
        assert refusal(write(net, tmp_path)) == text


def test_deep_subgraphs_are_refused(tmp_path: Path) -> None:
    assert refusal(write(nested(NESTING), tmp_path)).startswith("If node 'node': ")
    for depth in (NESTING + 1, 20):
        text = f"model: subgraphs nest deeper than {NESTING}"
        assert refusal(write(nested(depth), tmp_path)) == text


def test_subgraphs_too_deep_for_the_parser_are_refused(tmp_path: Path) -> None:
    field = b""
    for _ in range(5000):  # GraphProto.node, NodeProto.attribute, AttributeProto.g
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            field = tag + _varint(len(field)) + field
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08\x3a" + _varint(len(field)) + field)
    assert refusal(path) == "model.onnx: not an ONNX file, or a damaged one"


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def test_a_long_name_is_refused(tmp_path: Path) -> None:
    for letter, count in (("n", NAME_BYTES), ("ü", NAME_BYTES // 2)):
        net = relu_net()
        net.graph.node[0].name = letter * count
        compile_model(write(net, tmp_path), Options())
        net.graph.node[0].name += "n"
        text = refusal(write(net, tmp_path))
        assert text.endswith(f"...': longer than {NAME_BYTES} bytes")
        assert len(text) < 100


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    net = relu_net()
    net.graph.node[0].name = "node with a long name"
    path = write(net, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"node with", b"\xff\xfe\x1b[2J at"))
    text = "name b'\\xff\\xfe\\x1b[2J at a long name': not in UTF-8"
    assert refusal(path) == text


def test_a_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    net = relu_net()
    net.graph.doc_string = "documentation"
    path = write(net, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"documentation", b"\xffocumentation"))
    assert refusal(path).startswith("model.onnx: not a valid ONNX model: ")


def test_a_long_attribute_is_refused(tmp_path: Path) -> None:
    net = relu_net()
    net.graph.node[0].name = "one"
    for value in (b"s" * (ATTRIBUTE_BYTES + 1), [b"s" * 1024] * 65):
        del net.graph.node[0].attribute[:]
        net.graph.node[0].attribute.append(helper.make_attribute("text", value))
        text = "node 'one': attribute 'text' is a string over 64 KiB"
        assert refusal(write(net, tmp_path)) == text


@pytest.mark.parametrize("dims", [[4], [2**40]])
def test_sparse_tensors_are_refused(tmp_path: Path, dims: list[int]) -> None:
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    places = helper.make_tensor("places", TensorProto.INT64, [1], [2])
    sparse = helper.make_sparse_tensor(values, places, dims)
    net = model("g (float[4] x) => (float[4] y) { y = Add (x, w) }")
    net.graph.sparse_initializer.append(sparse)
    text = "tensor 'w': sparse initializers are not supported; store it densely"
    assert refusal(write(net, tmp_path)) == text
    constant = helper.make_node("Constant", [], ["y"], name="c", sparse_value=sparse)
    text = "node 'c': attribute 'sparse_value' is a sparse tensor"
    assert refusal(write(one_node(constant), tmp_path)) == text


def test_what_a_small_graph_would_blow_up_is_refused(tmp_path: Path) -> None:
    net = model("""g (float[4] x) => (float[4] y)
    <int64[1] n = {4611686018427387904}> { h = ConstantOfShape (n) y = Add (x, h) }""")
    assert refusal(write(net, tmp_path)) == (
        "graph: shapes or types contradict each other: [ShapeInferenceError] Inference error(s): "
        "(op_type:Add, node name: node_1): [ShapeInferenceError] Incompatible dimensions"
    )
