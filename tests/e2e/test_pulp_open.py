"""pulp-open: its program stands where it belongs, and each part of it runs on a simulator.

GVSoC is nothing that tests can install. Its start-up, team and memories are those of Spike's
cluster; its link, semihosting, is one that QEMU serves, too.
"""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from odl.build.build import build
from odl.cli import _run
from odl.compile import Options, compile_model, compile_to
from odl.emit.project import write_project
from odl.errors import DeviceError
from odl.project import Project, read
from odl.run.samples import Samples
from odl.run.session import RunOptions, open_port, run
from odl.target import Target, load
from tests.models import conv_net, samples, write

L1, L2 = range(0x10000000, 0x10010000), range(0x1C010000, 0x1C190000)
PLATFORM = "pulp-open/platform.c"


def compiled(folder: Path) -> Project:
    compile_to(write(conv_net(), folder, "net.onnx"), folder / "net", Options("pulp-open"))
    return read(folder / "net")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return compiled(tmp_path_factory.mktemp("pulp"))


@pytest.mark.parametrize("toolchain", ["zig", "clang"])
def test_sections_stand_in_their_memories(project: Project, toolchain: str) -> None:
    with Path(build(project, toolchain).elf).open("rb") as file:
        elf = ELFFile(file)
        placed = {
            s.name: range(s["sh_addr"], s["sh_addr"] + s["sh_size"])
            for s in elf.iter_sections()
            if s["sh_flags"] & 2 and s["sh_size"]
        }
        assert elf["e_entry"] == placed[".text"].start == L2.start
    assert placed.keys() == {".text", ".rodata", ".bss", ".l1"}
    for name, place in placed.items():
        memory = L1 if name == ".l1" else L2
        assert memory.start <= place.start < place.stop <= memory.stop, name


def test_what_does_not_fit_into_l1_is_refused(tmp_path: Path) -> None:
    project = compiled(tmp_path)
    source = project.folder / "target" / PLATFORM
    tile = '__attribute__((section(".l1"), used, retain)) uint8_t tile[0xc000];\n'
    source.write_text(source.read_text() + tile)
    with pytest.raises(DeviceError, match=r"'\.l1' will not fit in region 'L1'"):
        build(project)


def command(project: Project) -> list[str]:
    data = project.folder / "samples.npz"
    np.savez(data, **{k: v[None] for k, v in samples(conv_net()).items()})
    return ["run", str(project.folder), "--data", str(data)]


def test_a_missing_gvsoc_is_one_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ODL_GVSOC", str(project.folder / "gvsoc"))
    assert _run(command(project)) == 5
    assert capsys.readouterr() == (
        "",
        "odl: pulp-open: 'gvsoc' is not installed; build GVSoC (github.com/gvsoc/gvsoc) and put it "
        "on PATH, or name it in ODL_GVSOC\n",
    )
    assert _run(["targets"]) == 0
    assert "no, gvsoc is missing" in capsys.readouterr().out


@pytest.mark.parametrize("by", ["PATH", "ODL_GVSOC"])
def test_gvsoc_is_started_with_the_program(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    by: str,
) -> None:
    fake = tmp_path / "gvsoc"
    fake.write_text('#!/bin/sh\necho "asked for: $*" >&2\nexit 3\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    if by == "PATH":
        monkeypatch.delenv("ODL_GVSOC", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    else:
        monkeypatch.setenv("ODL_GVSOC", str(fake))
    assert _run(command(project)) == 5
    elf = project.folder / "bin/zig.elf"
    assert capsys.readouterr().err == (
        f"odl: pulp-open: the simulator ended: asked for: --target=pulp-open --binary={elf} run\n"
    )


def is_verified(target: Target, folder: Path) -> bool:
    """Whether a network's tensors are right on a target whose parts have been exchanged."""
    made = compile_model(write(conv_net(), folder, "net.onnx"), Options(target.name))
    write_project(made.program, target, made.stages, folder / "net", "net.onnx")
    project = replace(read(folder / "net"), target=target)
    inputs = {k: np.stack([v, -v]) for k, v in samples(conv_net()).items()}
    with open_port(project, Path(build(project).elf), RunOptions()) as port:
        return run(project, port, Samples(inputs, None), RunOptions()).ok


def with_platform(target: Target, platform: str) -> Target:
    """The same with the link of another target."""
    kept = tuple(s for s in target.build.sources if not s.endswith("/platform.c"))
    includes = tuple({*target.build.includes, "gap9"})
    return replace(
        target, build=replace(target.build, sources=(*kept, platform), includes=includes)
    )


def test_all_but_its_link_works_on_spike(tmp_path: Path) -> None:
    target = replace(load("gap9"), build=load("pulp-open").build)
    assert is_verified(with_platform(target, "spike/platform.c"), tmp_path)


def test_its_link_works_on_qemu(tmp_path: Path) -> None:
    qemu = load("qemu")
    uart = qemu.run.command.index("-chardev")
    semihosting = ("-serial", "none", "-semihosting-config", "enable=on,target=native")
    started = replace(qemu.run, command=qemu.run.command[:uart] + semihosting, wire="stdio")
    assert is_verified(with_platform(replace(qemu, run=started), PLATFORM), tmp_path)
