"""The output folder: complete or not at all, never over foreign files, and always the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from odl.cli import _run
from odl.compile import Options, compile_to
from odl.emit import project
from odl.errors import DeviceError, UsageError
from tests.models import conv_net, relu_net, write


class Broken(Exception):
    """What no code of odl's catches."""


def fails(*_: object) -> None:
    raise Broken


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A model in a folder of its own; what stands beside it is seen."""
    return write(conv_net(), tmp_path, "net.onnx")


STEPS = ["write_sources", "_copy_firmware", "_copy_target", "describe", "save"]


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    monkeypatch.setattr(project, step, fails)
    with pytest.raises(Broken):
        compile_to(path, path.parent / "deep/out", Options())
    assert tree(path.parent) == {"net.onnx": path.read_bytes()}
    assert os.listdir(path.parent / "deep") == []


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_leaves_the_old_folder(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    compile_to(path, path.parent / "out", Options())
    before = tree(path.parent)
    monkeypatch.setattr(project, step, fails)
    with pytest.raises(Broken):
        compile_to(path, path.parent / "out", Options("spike"))
    assert tree(path.parent) == before
    assert sorted(os.listdir(path.parent)) == ["net.onnx", "out"]


def test_a_failure_of_the_last_step_leaves_the_old_folder(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = path.parent / "out"
    compile_to(path, out, Options())
    before = tree(path.parent)
    rename = os.rename

    def once(old: Path, new: Path) -> None:
        if new == out and old.name == "new":
            raise OSError(28, "No space left on device")
        rename(old, new)

    monkeypatch.setattr(os, "rename", once)
    with pytest.raises(DeviceError) as error:
        compile_to(path, out, Options("spike"))
    assert str(error.value) == f"{out}: cannot be written: No space left on device"
    assert tree(path.parent) == before


def test_a_folder_of_ours_is_replaced_as_a_whole(path: Path) -> None:
    out = path.parent / "out"
    compile_to(path, out, Options())
    (out / "left.o").write_bytes(b"from a build")
    compile_to(write(relu_net(), path.parent, "net.onnx"), out, Options())
    fresh = path.parent / "fresh"
    compile_to(path, fresh, Options())
    assert tree(out) == tree(fresh)
    assert "left.o" not in tree(out)


def test_an_empty_folder_is_filled(path: Path) -> None:
    (path.parent / "out").mkdir()
    compile_to(path, path.parent / "out", Options())
    assert {"model.c", "model.h", "manifest.json"} <= set(tree(path.parent / "out"))


def test_foreign_files_are_left_alone(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = path.parent / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    before = tree(path.parent)
    text = f"{out}: the output folder holds other files; name a new folder with -o"
    with pytest.raises(UsageError) as error:
        compile_to(path, out, Options())
    assert str(error.value) == text
    assert _run(["compile", str(path), "-o", str(out)]) == 2
    assert capsys.readouterr() == ("", f"odl: {text}\n")
    assert tree(path.parent) == before


def test_a_file_in_the_place_of_the_folder_is_left_alone(path: Path) -> None:
    with pytest.raises(UsageError) as error:
        compile_to(path, path, Options())
    text = f"{path}: the output folder holds other files; name a new folder with -o"
    assert str(error.value) == text
    assert path.read_bytes() == conv_net().SerializeToString()


def test_a_folder_that_cannot_be_made_is_refused(path: Path) -> None:
    with pytest.raises(DeviceError) as error:
        compile_to(path, path / "out", Options())
    assert error.value.exit_code == 5
    assert str(error.value) == f"{path / 'out'}: cannot be written: File exists"


def test_a_link_to_a_folder_stays_a_link(path: Path) -> None:
    (path.parent / "real").mkdir()
    (path.parent / "out").symlink_to(path.parent / "real")
    compile_to(path, path.parent / "out", Options())
    assert (path.parent / "out").is_symlink()
    assert "model.c" in tree(path.parent / "real")


@pytest.mark.parametrize("target", ["host", "spike"])
def test_the_same_model_gives_the_same_bytes(path: Path, target: str) -> None:
    for name in ("one", "two"):
        compile_to(path, path.parent / name, Options(target))
    assert tree(path.parent / "one") == tree(path.parent / "two")


def test_the_same_bytes_in_every_process(path: Path) -> None:
    for seed in ("1", "2"):
        command = [sys.executable, "-c", "import odl.cli; odl.cli.main()", "compile", str(path)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([*command, "-o", path.parent / seed], env=environment, check=True)
    assert tree(path.parent / "1") == tree(path.parent / "2")
