"""Sizes of real programs: every byte has an owner, whichever compiler has made it."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from odl.build.build import build
from odl.build.sizes import sizes
from odl.cli import _run
from odl.compile import Options, compile_to
from odl.demo import MODEL
from odl.project import Project, read
from odl.result import Sizes
from odl.train.options import TrainOptions


def by_part(found: Sizes, part: str) -> dict[str, int]:
    return {o.name: o.code or o.data or o.ram for o in found.owners if o.part == part}


def check(project: Project, toolchain: str = "") -> Sizes:
    """What holds for every program."""
    image = build(project, toolchain)
    found = sizes(project, image)
    assert (found.flash, found.ram) == (image.flash, image.ram)
    assert sum(o.flash for o in found.owners) == image.flash
    assert sum(o.ram for o in found.owners) == image.ram
    assert min(min(o.code, o.data, o.ram) for o in found.owners) >= 0
    assert sum(o.steps for o in found.owners) == sum(bool(s.function) for s in project.steps)
    assert sum(by_part(found, "arena").values()) == pytest.approx(project.arena_bytes, abs=32)
    # compilers merge constants of one element, and their names are lost
    assert by_part(found, "constants")[""] == pytest.approx(project.constant_bytes, rel=0.02)
    files = {PurePosixPath(s).stem for s in project.sources if s.startswith("kernels/")}
    assert files <= by_part(found, "kernel").keys(), "each kernel is there since a step calls it"
    assert min(by_part(found, "kernel").values()) > 20
    return found


@pytest.mark.parametrize("toolchain", ["zig", "clang", "gcc"])
def test_every_compiler_tells_whose_the_bytes_are(toolchain: str, tmp_path: Path) -> None:
    compile_to(MODEL, tmp_path / "watch", Options("spike", 2))
    project = read(tmp_path / "watch")
    found = check(project, toolchain)
    assert by_part(found, "kernel").keys() == {
        PurePosixPath(s).stem for s in project.sources if s.startswith("kernels/")
    }
    assert 3_000 < by_part(found, "run time")[""] < 12_000
    assert 500 < by_part(found, "target")["spike"] < 4_000
    assert "tool chain" not in {o.part for o in found.owners}


def test_a_training_step_of_two_memories_and_shared_strips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "watch"
    compile_to(MODEL, folder, Options("gap9", 8, dtype="fp16", train=TrainOptions("last:1")))
    found = check(read(folder))
    assert by_part(found, "arena").keys() <= {"l1", "l2"}
    assert {s.memory for s in found.sections} == {"l1", "l2"}
    strips = {n: b for n, b in by_part(found, "kernel").items() if "strip" in n}
    assert strips, "assembly has no debug information, but names"
    assert min(strips.values()) > 1_000
    capsys.readouterr()
    assert _run(["size", str(folder), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["flash"], data["ram"], data["training"]) == (found.flash, found.ram, True)
    assert _run(["size", str(folder)]) == 0
    assert f"{found.flash:,}" in capsys.readouterr().out


def test_programs_of_this_machine_have_sizes_too(tmp_path: Path) -> None:
    compile_to(MODEL, tmp_path / "watch", Options("host", 1))
    assert by_part(check(read(tmp_path / "watch")), "tool chain")[""] > 0
