"""Building: what is kept, what is rebuilt, and what a user reads when it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from onnx import TensorProto

from odl.build.build import build
from odl.build.toolchain import compiler, installed
from odl.compile import Options, compile_to
from odl.demo import MODEL
from odl.errors import DeviceError, UsageError
from odl.project import Project, read
from odl.target import load
from tests.models import relu_net, write


@pytest.fixture
def project(tmp_path: Path) -> Project:
    compile_to(MODEL, tmp_path / "watch", Options("spike", 2))
    return read(tmp_path / "watch")


def test_an_image_is_built_once(project: Project) -> None:
    first = build(project)
    made = Path(first.elf).stat().st_mtime_ns
    assert build(project) == first
    assert Path(first.elf).stat().st_mtime_ns == made


def test_a_changed_byte_builds_again(project: Project) -> None:
    made = Path(build(project).elf).stat().st_mtime_ns
    kernel = next((project.folder / "kernels").glob("*.c"))
    kernel.write_text(kernel.read_text() + "\n")
    assert Path(build(project).elf).stat().st_mtime_ns != made


def test_a_damaged_record_builds_again(project: Project) -> None:
    image = build(project)
    (project.folder / "bin/zig.json").write_text('{"key": ')
    assert build(project) == image


def test_sizes_are_those_of_the_sections(project: Project) -> None:
    image = build(project)
    assert project.constant_bytes < image.flash < project.constant_bytes + 64_000
    assert project.arena_bytes < image.ram < project.arena_bytes + 16_000


def test_a_failed_build_says_why_and_leaves_nothing(project: Project) -> None:
    (project.folder / "model.c").write_text("int main(void) { return x; }\n")
    with pytest.raises(DeviceError) as error:
        build(project)
    assert str(error.value).startswith(
        f"{project.folder}: the C compiler failed: model.c:1:25: error: "
    )
    assert list((project.folder / "bin").iterdir()) == []


def test_a_missing_compiler_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odl.build.toolchain.find_program", lambda name: None)
    with pytest.raises(DeviceError) as error:
        build(project)
    assert str(error.value) == ("the C compiler 'zig' is not installed; pip install 'odl-mcu[sim]'")
    assert installed(project.target) == []


def test_an_unknown_tool_chain_is_refused() -> None:
    with pytest.raises(UsageError) as error:
        compiler(load("spike"), "iar")
    assert str(error.value) == "target spike has no tool chain 'iar'; it has zig, clang, gcc"


def test_a_tool_chain_without_a_type_of_the_model_is_refused(tmp_path: Path) -> None:
    net = relu_net(4)
    for value in (net.graph.input[0], net.graph.output[0]):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    compile_to(write(net, tmp_path), tmp_path / "out", Options("spike", 1))
    with pytest.raises(UsageError) as error:
        build(read(tmp_path / "out"), "gcc")
    assert str(error.value) == (
        "tool chain gcc has no f16, which the model needs; use --toolchain zig or clang"
    )
    assert build(read(tmp_path / "out"), "clang").toolchain == "clang"


def test_a_tool_chain_without_a_type_of_the_model_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only = "riscv64-unknown-elf-gcc"
    monkeypatch.setattr(
        "odl.build.toolchain.find_program", lambda name: "/bin/x" if name == only else None
    )
    assert compiler(load("spike"), "", ("f32",)).name == "gcc"
    with pytest.raises(DeviceError) as error:
        compiler(load("spike"), "", ("f16", "f32"))
    assert str(error.value) == "the C compiler 'zig' is not installed; pip install 'odl-mcu[sim]'"


def test_a_target_without_a_type_of_the_model_is_refused() -> None:
    spike = load("spike")
    lone = {"gcc": spike.build.toolchains["gcc"]}
    target = replace(spike, build=replace(spike.build, toolchains=lone))
    with pytest.raises(UsageError) as error:
        compiler(target, "", ("f16",))
    assert str(error.value) == (
        "tool chain gcc has no f16, which the model needs; compile for another target"
    )


def test_the_first_installed_tool_chain_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "odl.build.toolchain.find_program", lambda name: "/bin/x" if name != "zig" else None
    )
    assert compiler(load("spike")).name == "clang"


def test_the_program_fits_cores_that_the_project_asks_for(project: Project) -> None:
    """Each core has its stack, and nothing else depends on their number."""
    two, four = build(project), build(replace(project, cores=4))
    assert 2 * 2048 <= four.ram - two.ram < 2 * 2048 + 256
