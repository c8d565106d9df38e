"""Objects from the cache: taken where a compiler would read the same, and only there."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from odl.build import objects
from odl.build.objects import Objects, trim
from odl.build.toolchain import compiler
from odl.files import cache_folder
from odl.target import load
from tests.firmware.hostcc import host_compiler


@dataclass
class Folder:
    """Sources, and how often the compiler was started for them."""

    path: Path
    runs: list[list[str]] = field(default_factory=list)

    def run(self, command: list[str]) -> None:
        self.runs.append(command)
        subprocess.run(command, cwd=self.path, check=True)

    def compile(self, *flags: str, command: tuple[str, ...] = ()) -> bytes:
        command = (*(command or (host_compiler(),)), "-g", "-Ifirst", "-Isecond", *flags)
        Objects(self.path, self.run).compile([*command], "code/a.c", self.path / "a.o")
        return (self.path / "a.o").read_bytes()


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def folder(where: Path) -> Folder:
    texts = {
        "code/a.c": '#include <stdint.h>\n#include "b.h"\nint32_t a(void) { return B; }\n',
        "code/b.h": '#include "c.h"\n',
        "second/c.h": "#define B 7\n",
        "first/other.h": "",
    }
    for name, text in texts.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)
    return Folder(where)


def test_the_same_text_is_compiled_once_for_all_folders(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two")
    assert one.compile() == two.compile()
    assert (len(one.runs), len(two.runs)) == (1, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("code/a.c", "int a(void) { return 8; }\n"),
        ("code/b.h", "#define B 8\n"),
        ("second/c.h", "#define B 8\n"),
        ("first/c.h", "#define B 8\n"),
        ("code/c.h", "#define B 8\n"),
    ],
)
def test_another_text_is_compiled(name: str, text: str, tmp_path: Path) -> None:
    """Of the source, of what it includes, and of headers that now stand before those."""
    here = folder(tmp_path / "one")
    before = here.compile("-O1")
    (here.path / name).write_text(text)
    assert here.compile("-O1") != before
    assert len(here.runs) == 2


def test_other_flags_and_variables_are_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = folder(tmp_path / "one")
    here.compile("-O1")
    here.compile("-O2")
    monkeypatch.setenv("CPATH", str(tmp_path))
    here.compile("-O2")
    assert len(here.runs) == 3


def test_another_header_of_the_system_is_compiled(tmp_path: Path) -> None:
    here, header = folder(tmp_path / "one"), tmp_path / "system/s.h"
    header.parent.mkdir()
    header.write_text("#define B 7\n")
    (here.path / "code/b.h").write_text("#include <s.h>\n")
    here.compile(f"-isystem{header.parent}")
    here.compile(f"-isystem{header.parent}")
    assert len(here.runs) == 1
    header.write_text("#define B 88\n")
    here.compile(f"-isystem{header.parent}")
    assert len(here.runs) == 2


@pytest.mark.parametrize(
    "text",
    [
        '#define NAME "c.h"\n#include NAME\n',
        '#if __has_include("d.h")\n#endif\n#define B 1\n',
        "#define B (__DATE__)[0] + (__TIME__)[0]\n",
    ],
)
def test_what_depends_on_more_than_texts_is_always_compiled(text: str, tmp_path: Path) -> None:
    here = folder(tmp_path / "one")
    (here.path / "code/b.h").write_text(text)
    here.compile()
    here.compile()
    assert len(here.runs) == 2


def test_our_macros_are_defined_where_they_are_named(tmp_path: Path) -> None:
    here = folder(tmp_path / "one")
    here.compile("-DODL_CORES=2", "-DODL_MODEL=x")
    here.compile("-DODL_CORES=3", "-DODL_MODEL=y")
    assert len(here.runs) == 1
    (here.path / "second/c.h").write_text("#define B ODL_CORES\n")
    here.compile("-DODL_CORES=2", "-DODL_MODEL=x")
    here.compile("-DODL_CORES=3", "-DODL_MODEL=x")
    assert len(here.runs) == 3


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"\xff" * 300])
def test_a_damaged_object_is_compiled(damage: bytes, tmp_path: Path) -> None:
    here = folder(tmp_path / "one")
    good = here.compile()
    (kept,) = (cache_folder() / "objects").iterdir()
    for data in (damage, kept.read_bytes()[:-1]):
        kept.write_bytes(data)
        assert here.compile() == good
    assert len(here.runs) == 3


def test_what_was_not_used_for_long_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = folder(tmp_path / "one")
    for i in range(8):
        here.compile(f"-DNUMBER={i}")
    every = {p: p.stat() for p in (cache_folder() / "objects").iterdir()}
    for at, path in enumerate(sorted(every)):
        os.utime(path, (at, at))
    trim()
    assert {*(cache_folder() / "objects").iterdir()} == {*every}
    monkeypatch.setattr(objects, "LIMIT", sum(s.st_size for s in every.values()) - 1)
    trim()
    assert sorted((cache_folder() / "objects").iterdir()) == sorted(every)[3:]


def test_a_cache_that_cannot_be_written_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    here = folder(tmp_path / "one")
    here.compile()
    here.compile()
    assert len(here.runs) == 2


@pytest.mark.parametrize("toolchain", ["zig", "clang", "gcc"])
def test_no_folder_stands_in_an_object(
    toolchain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever was there first, debuggers look for its sources where they are started."""
    target = load("spike")
    command = (*compiler(target, toolchain).command, *target.build.cflags)
    made = []
    for name in ("one", "two"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name / "cache"))
        here = folder(tmp_path / name)
        made.append(here.compile(command=command))
        assert len(here.runs) == 1
    assert made[0] == made[1]
    assert str(tmp_path).encode() not in made[0]
