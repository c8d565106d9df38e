"""The manifest: what is written is read back, and damage is told from absence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from odl.compile import Options, compile_to
from odl.demo import MODEL
from odl.errors import ModelError, OdlError
from odl.project import describe, read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    compile_to(MODEL, tmp_path / "watch", Options("spike", 2))
    return tmp_path / "watch"


def test_it_reads_back_what_was_planned(tmp_path: Path) -> None:
    compiled = compile_to(MODEL, tmp_path / "watch", Options("spike", 2))
    project = read(tmp_path / "watch")
    sources = list(project.sources)
    where = (tmp_path / "watch").resolve()
    assert project == describe(compiled.program, compiled.target, where, sources, "watch.onnx")
    assert [t.name for t in project.tensors][project.number("pool/y")] == "pool/y"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tensors", 3),
        ("model_hash", "xyz"),
        ("sources", ["/etc/passwd"]),
        ("sources", ["../up.c"]),
        ("steps", [{"node": "only"}]),
        ("surprise", 1),
    ],
)
def test_damage_is_told(folder: Path, key: str, value: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ModelError) as error:
        read(folder)
    assert str(error.value).startswith(f"{path}: the manifest is damaged (")
    assert str(error.value).endswith("; compile the model again")


@pytest.mark.parametrize("cut", [0, 1, 100, 2000])
def test_a_truncated_manifest_is_damaged(folder: Path, cut: int) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match="the manifest is damaged"):
        read(folder)


def test_another_version_is_told(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99, "odl": "9.9"}))
    with pytest.raises(OdlError) as error:
        read(folder)
    assert str(error.value) == f"{path}: was made by odl 9.9; compile the model again"
