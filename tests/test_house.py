"""Rules of the house that no other tool checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.firmware.hostcc import ROOT
from tests.firmware.test_kernels_h import ISAS, numpy_kernels

LINES = 400
SUFFIXES = {".py", ".c", ".h", ".inc", ".j2", ".S", ".toml", ".md"}
FOLDERS = ("odl", "firmware", "codegen", "targets", "tests")

FILES = sorted(
    p
    for folder in FOLDERS
    for p in (ROOT / folder).rglob("*")
    if p.is_file() and p.suffix in SUFFIXES and "golden" not in p.parts
)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.suffix in {".c", ".h", ".inc"}], ids=lambda p: p.name
)
def test_c_files_begin_with_their_purpose(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("/*")


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix == ".py"], ids=lambda p: p.name)
def test_modules_begin_with_their_purpose(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text or text.startswith('"""')


def test_firmware_has_no_heap() -> None:
    words = re.compile(r"\b(malloc|calloc|realloc|free|alloca)\s*\(")
    for path in (ROOT / "firmware").rglob("*.[chi]*"):
        assert not words.search(path.read_text(encoding="utf-8")), path


def test_kernels_have_an_operator_of_their_name() -> None:
    """One grep finds a concept whole: a kernel's name is a NumPy kernel's name."""
    for path in (ROOT / "firmware/kernels").glob("*.c"):
        stem = re.sub(rf"(_[fiub]\d+)*(_({'|'.join(ISAS)})(_single)?)?$", "", path.stem)
        assert stem in numpy_kernels(), path
