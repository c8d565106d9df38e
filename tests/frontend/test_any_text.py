"""Any text whatever, on every way from a model to C and to the terminal."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import onnx
from hypothesis import given, settings
from hypothesis import strategies as st

from odl.cli import _run
from odl.compile import Options, compile_graph, model_name
from odl.emit.c_source import write_sources
from odl.errors import ModelError, printable
from odl.frontend.onnx_file import read_onnx
from tests.firmware.hostcc import host_compiler
from tests.models import model, write

PIECES = ["*/", "/*", "//", "??/", "??", "\\", "\n", "\r\n", "\\\n", '"', "'", "#include <x>", "%s",
          "{{ x }}", "{% raw %}", "\x1b[2J", "\x9b", "\u202e", "\u2028", "\ufeff", "é", "e\u0301",
          "\0", "\x7f", "int", "y", "_ELEMENTS", "\u2069", "\U000e0041"]  # fmt: skip
CONTROL = st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Po", "Sm"])
ANY = st.lists(
    st.sampled_from(PIECES) | CONTROL | st.characters(exclude_categories=()), max_size=40
).map("".join)
"""With surrogates, which a file's name and JSON may bring."""
NAME = ANY.filter(lambda s: s and len(s) < 1000).filter(
    lambda s: not re.search("[\ud800-\udfff]", s)
)
"""What protobuf can hold, and ONNX accepts."""

TOKENS = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
NAMED = re.compile(r"\b(ODL_NET_(?:IN|OUT)|T|k|s\d\d)_\w+|\b0x[0-9a-f]{2}\b")
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wtrigraphs", "-Wcomment", "-Werror"]


# --- each way alone ---


@given(ANY, st.integers(4, 300))
def test_printable_text_is_one_line_of_ascii(text: str, limit: int) -> None:
    assert re.fullmatch(r"[\x20-\x7e]*", printable(text, limit))
    assert len(printable(text, limit)) <= limit


@given(ANY)
def test_the_model_has_a_name_in_c(text: str) -> None:
    assert re.fullmatch(r"[a-z_][a-z0-9_]{0,46}", model_name(text))


@given(ANY, ANY, ANY)
def test_an_error_is_one_line(what: str, where: str, advice: str) -> None:
    text = str(ModelError(what, where=where, advice=advice))
    assert re.fullmatch(r"[\x20-\x7e]{0,600}", text)


# --- all ways together ---

TENSORS = ["x", "w", "a", "y", "z"]


def named(names: list[str]) -> onnx.ModelProto:
    """Two nodes over five tensors; the other names are of the rest that has one."""
    net = model("""g (float[4] x) => (float[4] y, float[4] z) <float[4] w = {1, 2, 3, 4}>
    { [n] a = Add (x, w) [m] y = Relu (a) z = Sigmoid (a) }""")
    new = dict(zip(TENSORS, names, strict=False))
    for node in net.graph.node:
        for values in (node.input, node.output):
            values[:] = [new[v] for v in values]
        node.name, node.doc_string = names[5], names[6]
    for value in (*net.graph.input, *net.graph.output, *net.graph.initializer):
        value.name, value.doc_string = new[value.name], names[6]
    net.graph.name, net.graph.doc_string, net.doc_string = names[5], names[6], names[7]
    net.producer_name, net.producer_version, net.domain = names[5], names[6], names[7]
    net.metadata_props.add(key=names[5], value=names[6])
    return net


NAMES = st.lists(NAME, min_size=8, max_size=8, unique=True)


def sources(names: list[str], file: str, folder: Path) -> dict[str, str]:
    path = write(named(names), folder)
    return write_sources(compile_graph(read_onnx(path), "net", Options()).program, file)


def skeleton(text: str) -> list[str]:
    """The lines without comments, texts and names: what the templates have written."""
    assert "??" not in text
    assert not re.search(r"\\$", text, re.MULTILINE)
    bare = TOKENS.sub(lambda m: m.group()[:1], text)
    return NAMED.sub(lambda m: m.group(1) or "0x", bare).split("\n")


@functools.cache
def plain() -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        made = sources([*TENSORS, "n", "m", "o"], "net.onnx", Path(folder))
    return {name: skeleton(text) for name, text in made.items()}


@settings(deadline=None, max_examples=60)
@given(NAMES, ANY)
def test_names_change_no_line_of_the_c(names: list[str], file: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = sources(names, file, Path(folder))
    for name, text in made.items():
        assert re.fullmatch(r"[\x20-\x7e\n]*", text)
        assert skeleton(text) == plain()[name]


@settings(deadline=None, max_examples=15)
@given(NAMES, st.binary(min_size=1, max_size=200))
def test_any_names_make_clean_c_and_clean_output(names: list[str], file: bytes) -> None:
    stem = os.fsdecode(file.replace(b"/", b"_").replace(b"\0", b"_"))
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "out"
        path = write(named(names), folder, f"{stem}.onnx")
        said = folder / "said"
        for args in (["compile", str(path), "-o", str(out)], ["analyze", str(path)],
                     ["analyze", str(path), "--json"]):  # fmt: skip
            with said.open("w", encoding="ascii") as file_out, contextlib.redirect_stdout(file_out):
                assert _run(args) == 0
            assert re.fullmatch(r"[\x20-\x7e\n]*", said.read_text())
        command = [host_compiler(), "-std=c11", *WARNINGS, "-fsyntax-only", f"-I{out / 'include'}"]
        done = subprocess.run([*command, out / "model.c"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert {p.name for p in folder.iterdir()} == {path.name, "out", "said"}
        shutil.rmtree(out)
