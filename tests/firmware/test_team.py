"""The team under the thread sanitizer: no race, no lost wake-up, every row once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.firmware.hostcc import FIRMWARE, ROOT, host_compiler

SOURCES = [
    Path(__file__).with_name("team_soak.c"),
    FIRMWARE / "runtime/team.c",
    ROOT / "targets/host/platform.c",
]


@pytest.mark.parametrize("cores", [1, 2, 5])
@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_team(tmp_path: Path, cores: int, sanitizer: str, request: pytest.FixtureRequest) -> None:
    program = tmp_path / "team"
    command = [
        *(host_compiler(), "-std=c11", "-O1", "-g", "-pthread", f"-fsanitize={sanitizer}"),
        *("-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Wconversion", "-Werror"),
        *(f"-DODL_CORES={cores}", "-I", FIRMWARE / "include", *SOURCES, "-o", program),
    ]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    runs = 20_000 if request.config.getoption("--slow") else 250
    done = subprocess.run([program, str(runs)], capture_output=True, text=True, timeout=1200)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stdout + done.stderr
