"""Rows are split without gap or overlap, and a team keeps the order of steps on any cores."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.firmware.hostcc import FIRMWARE, FLAGS, host_compiler

HARNESS = Path(__file__).with_name("team_steps.c")
THREAD_FLAGS = [f for f in FLAGS if not f.startswith("-fsanitize=")]


def has_thread_sanitizer(folder: Path) -> bool:
    """Whether its programs can be linked and started here."""
    source, program = folder / "empty.c", folder / "empty"
    source.write_text("int main(void) { return 0; }\n")
    command = [host_compiler(), "-fsanitize=thread", source, "-o", program]
    if subprocess.run(command, capture_output=True, timeout=60).returncode != 0:
        return False
    return subprocess.run([program], capture_output=True, timeout=60).returncode == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("team")


@pytest.fixture(scope="module")
def flags(folder: Path) -> list[str]:
    return [*THREAD_FLAGS, "-fsanitize=thread"] if has_thread_sanitizer(folder) else FLAGS


def build_team(folder: Path, flags: list[str], cores: int) -> Path:
    program = folder / f"team{cores}"
    sources = [HARNESS, FIRMWARE / "runtime/team.c"]
    command = [host_compiler(), *flags, "-pthread", f"-DODL_CORES={cores}"]
    command += [f"-I{FIRMWARE / 'include'}", *map(str, sources), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return program


def said(program: Path, mode: str) -> tuple[int, str, str]:
    done = subprocess.run([program, mode], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


def test_every_row_is_taken_once(folder: Path) -> None:
    assert said(build_team(folder, FLAGS, 1), "split") == (0, "done\n", "")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("cores", [1, 2, 3, 8])
def test_steps_keep_their_order_and_cost_on_changing_cores(
    folder: Path, flags: list[str], cores: int
) -> None:
    assert said(build_team(folder, flags, cores), "run") == (0, "done\n", "")
