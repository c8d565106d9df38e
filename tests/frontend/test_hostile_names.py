"""Names from a model reach C and the terminal only as harmless text."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest

from odl.cli import _run
from odl.compile import Options, compile_model, compile_to
from odl.plan.interpret import interpret
from tests.firmware.hostcc import host_compiler
from tests.models import conv_net, model, reference, refusal, relu_net, samples, write

WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wtrigraphs", "-Wcomment", "-Werror"]

HOSTILE = {
    "comment": '*/ #include "/etc/passwd"',
    "line": '\n#include "/etc/passwd"\n',
    "trigraph": "??/",
    "backslash": "\\",
    "splice": "\\\n",
    "quote": '"; system("id"); "',
    "apostrophe": "'",
    "clear": "\x1b[2J\x1b]0;title\x07",
    "long": "n" * 4096,
    "unicode": "tensor_über_\u202e_\u2028_\U0001f600",
    "format": "%s%n%x",
    "keyword": "int",
    "nul": "a\0b",
    "template": "{{ 1/0 }}{% raw %}",
    "spaces": "   ",
    "option": "--output",
    "path": "../../../tmp/x",
}

PAIRS = [("a/b", "a_b"), ("a", "A"), ("x", "x_elements"), ("y_elements", "y"), ("?", "*"), *(
    (name, "y") for name in ("h", "arena", "arena_bytes", "arena_attributes", "constant_bytes",
                             "macs", "unnamed", "_")
)]  # fmt: skip
"""Names of an input and an output that become one word, or a word of the header's own."""


def is_clean_c(folder: Path) -> None:
    command = [host_compiler(), "-std=c11", *WARNINGS, "-fsyntax-only", f"-I{folder / 'include'}"]
    done = subprocess.run([*command, folder / "model.c"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def renamed(net: onnx.ModelProto, names: dict[str, str]) -> onnx.ModelProto:
    """The model with other names for its tensors."""
    graph = net.graph
    for node in graph.node:
        for values in (node.input, node.output):
            values[:] = [names.get(v, v) for v in values]
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = names.get(value.name, value.name)
    return net


def all_named(name: str) -> onnx.ModelProto:
    """A model whose graph, nodes, tensors and producer have the name, or one that begins so."""
    net = conv_net()
    tensors = [v for n in net.graph.node for v in (*n.input, *n.output)]
    limit = 4096 - 3
    names = {v: name[:limit] + str(i) for i, v in enumerate(dict.fromkeys(tensors))}
    names["image"] = name
    net.graph.name = net.producer_name = net.doc_string = name
    for node in net.graph.node:
        node.name = name
    return renamed(net, names)


@pytest.mark.parametrize("kind", HOSTILE)
def test_any_name_compiles_to_clean_c(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = write(all_named(HOSTILE[kind]), tmp_path, "net.onnx")
    assert _run(["compile", str(path), "-o", str(tmp_path / "out")]) == 0
    assert _run(["analyze", str(path)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", said.out)
    is_clean_c(tmp_path / "out")


@pytest.mark.parametrize("kind", HOSTILE)
def test_any_name_means_the_same(tmp_path: Path, kind: str) -> None:
    net = all_named(HOSTILE[kind])
    inputs = samples(net)
    program = compile_model(write(net, tmp_path), Options()).program
    got = interpret(program, inputs)[program.outputs[0]]
    np.testing.assert_allclose(got, reference(net, inputs)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_refusal_quotes_any_name_safely(tmp_path: Path, kind: str) -> None:
    net = relu_net()
    net.graph.node[0].op_type, net.graph.node[0].name = "Bernoulli", HOSTILE[kind]
    text = refusal(write(net, tmp_path))
    assert text.startswith("Bernoulli node '")
    assert len(text) < 400


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_names_that_collide_in_c_compile(tmp_path: Path, first: str, second: str) -> None:
    net = renamed(relu_net(), {"x": first, "y": second})
    compile_to(write(net, tmp_path, "net.onnx"), tmp_path / "out", Options())
    is_clean_c(tmp_path / "out")


def test_an_empty_name_is_refused(tmp_path: Path) -> None:
    text = "not a valid ONNX model: Field 'name' of 'value_info' is required to be non-empty."
    assert refusal(write(renamed(relu_net(), {"x": ""}), tmp_path)) == f"model.onnx: {text}"


def test_nodes_without_a_name_get_one(tmp_path: Path) -> None:
    net = model("g (float[4] x) => (float[4] y) { [same] a = Relu (x) [same] y = Sigmoid (a) }")
    net.graph.node.insert(0, onnx.NodeProto(op_type="Tanh", input=["x"], output=["t"]))
    net.graph.node[1].input[0] = "t"
    program = compile_model(write(net, tmp_path), Options()).program
    assert [c.node for c in program.calls] == ["node", "same", "same_1"]


@pytest.mark.parametrize("old", ["x", "w"])
def test_a_name_that_lowering_makes_means_the_same(tmp_path: Path, old: str) -> None:
    net = model("""g (float[4] x) => (float[6] y)
    <int64[2] pads = {1, 1}, float[6] w = {9, 9, 9, 9, 9, 9}>
    { padded = Pad <mode = "reflect"> (x, pads) y = Add (padded, w) }""")
    net = renamed(net, {old: "padded/table"})
    inputs = samples(net)
    program = compile_model(write(net, tmp_path), Options()).program
    np.testing.assert_allclose(interpret(program, inputs)["y"], reference(net, inputs)[0])


def test_the_program_as_text_has_a_line_for_a_line(tmp_path: Path) -> None:
    net = relu_net()
    net.graph.node[0].name = "\x1b[2J\n  1: relu.f32()"
    text = str(compile_model(write(net, tmp_path), Options()).program)
    assert "\x1b" not in text
    assert "\n  1: relu" not in text


@pytest.mark.parametrize(
    "name",
    [
        '*; #include "passwd".onnx',
        "line\nbreak.onnx",
        "\x1b[2J.onnx",
        "int.onnx",
        "1.onnx",
        ".onnx",
        "ünï.onnx",
        b"n\xff\xfe.onnx".decode(errors="surrogateescape"),
        "*\\n.onnx",
        "n??.onnx",
        "n" * 200 + ".onnx",
        "no_ending",
        "main.onnx",
        "session.onnx",
        "model.onnx",
        "kernels.onnx",
        "team.onnx",
        "decoder.onnx",
        "*\\.onnx",
        "??.onnx",
    ],
    ids=ascii,
)
def test_any_file_name_compiles_to_clean_c(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = write(conv_net(), tmp_path, name)
    assert _run(["compile", str(path), "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.replace(str(tmp_path), "").replace("\n", "").isprintable()
    is_clean_c(tmp_path / "out")


def test_a_refused_file_is_quoted_safely(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "\x1b[2J\n.onnx"
    path.write_bytes(b"no model")
    assert _run(["compile", str(path), "-o", str(tmp_path / "out")]) == 3
    text = "odl: \\x1b[2J\\n.onnx: not an ONNX file, or a damaged one\n"
    assert capsys.readouterr() == ("", text)
