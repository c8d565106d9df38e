"""The session judged from inside: each hostile frame gets one answer that fits what was done."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from odl.run.link import Code, Message
from tests.firmware.hostcc import FIRMWARE, build

QUICK, SLOW = 20_000, 300_000
"""Frames, each with a sound CRC."""
SEEDS = 4
SERVED = [m for m in Message if m < Message.BYE]
REFUSED = [c for c in Code if c != Code.TRAP]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = [FIRMWARE / f"runtime/{n}.c" for n in ("session", "link", "crc32c", "team")]
    harness = Path(__file__).with_name("session_fuzz.c")
    return build(tmp_path_factory.mktemp("session") / "fuzz", harness, *sources)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_frame_gets_one_fitting_answer(
    program: Path, request: pytest.FixtureRequest, seed: int
) -> None:
    frames = (SLOW if request.config.getoption("--slow") else QUICK) // SEEDS
    command = [str(program), str(frames), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert sum(map(sum, rows)) == frames
    answers, errors = zip(*rows, strict=True)
    assert all(answers[m - 1] > frames * 0.01 for m in SERVED), answers
    assert all(errors[c - 1] > frames * 0.001 for c in REFUSED), errors
