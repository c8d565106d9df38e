"""Every text that an ONNX file can hold, one after another, in the hands of somebody hostile."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

from odl.compile import Options, compile_model
from odl.emit.c_source import write_sources
from odl.errors import ModelError
from odl.program import Program
from tests.frontend.mutations import Field, fields, message
from tests.models import model, refusal

TEXTS = {
    "comment": '*/ #include "/etc/passwd"',
    "line": "\n#include <x>\n",
    "trigraph": "??/",
    "escape": "\x1b[2J\x1b]0;title\x07",
    "nul": "a\0b",
    "right to left": "\u202egnp.exe\u2066",
    "template": "{{ 1/0 }}{% raw %}",
}


def token(what: str) -> str:
    """Text that occurs nowhere else, and is no protobuf of its own."""
    return f"~{what}~"


NAMES = ["node", "x", "y", "w", "inner", "domain", "function", "from", "to", "call"]
FREE = ["graph", "producer", "version", "of", "doc", "key", "value", "graph doc", "node doc",
        "tensor doc", "input doc", "function doc", "attribute doc", "denotation", "parameter",
        "axis", "other domain", "node key", "node value"]  # fmt: skip


def rich(opset: int) -> bytes:
    """A model in which every kind of text occurs, each a token."""
    text = """g (float[n, 4] x) => (float[n, 4] y) <float[4] w = {1, 2, 3, 4}>
    { i = LeakyRelu <alpha = 0.5> (x) c = mine.f (i) y = Add (c, w) }"""
    net = model(text, opset)
    net.opset_import.add(domain="mine", version=1)
    net.opset_import.add(domain=token("other domain"), version=1)
    f = net.functions.add(name="f", domain="mine", input=["a"], output=["b"])
    f.opset_import.extend(net.opset_import[:1])
    f.node.add(op_type="Relu", input=["a"], output=["b"], name=token("inner"))
    f.doc_string = token("function doc")
    new = {"x": "x", "y": "y", "w": "w", "i": "inner", "c": "call"}
    for node in net.graph.node:
        for values in (node.input, node.output):
            values[:] = [token(new[v]) for v in values]
        node.name, node.doc_string = token("node"), token("node doc")
        node.metadata_props.add(key=token("node key"), value=token("node value"))
        if node.domain:
            node.domain, node.op_type = token("domain"), token("function")
    net.graph.node[0].attribute[0].doc_string = token("attribute doc")
    for old in (*net.graph.input, *net.graph.output, *net.graph.initializer):
        old.name = token(new[old.name])
    net.graph.initializer[0].doc_string = token("tensor doc")
    x = net.graph.input[0]
    x.doc_string, x.type.denotation = token("input doc"), token("denotation")
    x.type.tensor_type.shape.dim[0].dim_param = token("parameter")
    x.type.tensor_type.shape.dim[1].denotation = token("axis")
    f.name, f.domain, net.opset_import[1].domain = (
        token("function"),
        token("domain"),
        token("domain"),
    )
    f.input[:], f.output[:] = [token("from")], [token("to")]
    f.node[0].input[:], f.node[0].output[:] = [token("from")], [token("to")]
    net.graph.name, net.graph.doc_string = token("graph"), token("graph doc")
    net.producer_name, net.producer_version = token("producer"), token("version")
    net.domain, net.doc_string = token("of"), token("doc")
    net.metadata_props.add(key=token("key"), value=token("value"))
    return bytes(net.SerializeToString())


def put(found: list[Field], old: bytes, new: bytes) -> int:
    """Set all texts that are `old`; how many there were."""
    count = 0
    for field in found:
        value: Any = field[2]
        if isinstance(value, list):
            count += put(value, old, new)
        elif value == old:
            field[2] = new
            count += 1
    return count


def changed(where: str, new: bytes, opset: int, folder: Path) -> Path:
    found = fields(rich(opset)) or []
    assert put(found, token(where).encode(), new) >= 1
    path = folder / "model.onnx"
    path.write_bytes(message(found))
    return path


def compiled(path: Path) -> Program:
    program = compile_model(path, Options()).program
    for text in write_sources(program, path.name).values():
        assert re.fullmatch(r"[\x20-\x7e\n]*", text)
    assert re.fullmatch(r"[\x20-\x7e\n]*", str(program))
    return program


EVERY = [(where, (0, 13)[i % 2]) for i, where in enumerate([*NAMES, *FREE])]
"""Every other one is upgraded."""


@pytest.mark.parametrize(("where", "opset"), EVERY)
def test_any_text_anywhere_compiles(tmp_path: Path, where: str, opset: int) -> None:
    for text in TEXTS.values():
        assert len(compiled(changed(where, text.encode(), opset, tmp_path)).calls) == 3


@pytest.mark.parametrize(("where", "opset"), EVERY)
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path, where: str, opset: int) -> None:
    for text in (b"\xff\xfe", b"a\xc0\xaf", b"\xed\xa0\x80"):
        path = changed(where, text, opset, tmp_path)
        if where in NAMES:
            refusal(path)
        else:  # the converter drops some
            with contextlib.suppress(ModelError):
                compiled(path)


@pytest.mark.parametrize("where", [*NAMES, *FREE])
def test_ten_kilobytes_are_a_text_but_no_name(tmp_path: Path, where: str) -> None:
    path = changed(where, b"n" * 10_000, 0, tmp_path)
    if where in FREE:
        assert len(compiled(path).calls) == 3
    else:
        assert "longer than 4096 bytes" in refusal(path)
