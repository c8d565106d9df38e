"""Steps keep their order and their cost, exact to the count, on teams of changing size."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.firmware.hostcc import FIRMWARE, FLAGS, host_compiler

HARNESS = Path(__file__).with_name("team_steps.c")
THREAD_FLAGS = [*(f for f in FLAGS if not f.startswith("-fsanitize=")), "-fsanitize=thread"]
QUICK, SLOW = 3, 300
"""Runs of the harness, each with 10,000 steps and another interleaving."""


def compiled(folder: Path, flags: list[str], cores: int) -> Path:
    program = folder / "team_steps"
    command = [host_compiler(), *flags, "-pthread", f"-DODL_CORES={cores}"]
    command += [f"-I{FIRMWARE / 'include'}", str(HARNESS), str(FIRMWARE / "runtime/team.c")]
    built = subprocess.run([*command, "-o", program], capture_output=True, text=True, timeout=100)
    assert built.returncode == 0, built.stderr
    return program


def said(program: Path, mode: str) -> tuple[int, str, str]:
    """How it ends, and what it prints."""
    done = subprocess.run([program, mode], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_every_row_is_taken_once(tmp_path: Path) -> None:
    assert said(compiled(tmp_path, FLAGS, 1), "split") == (0, "done\n", "")


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
def test_steps_keep_their_order_and_cost(
    tmp_path: Path, cores: int, request: pytest.FixtureRequest
) -> None:
    program = compiled(tmp_path, THREAD_FLAGS, cores)
    for _ in range(SLOW if request.config.getoption("--slow") else QUICK):
        assert said(program, "run") == (0, "done\n", "")
