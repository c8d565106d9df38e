"""Compile firmware sources for the machine that runs the tests, with the sanitizers on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
FLAGS = (
    "-std=c11 -O1 -g -Wall -Wextra -Wshadow -Wconversion -Werror"
    " -fsanitize=address,undefined -fno-sanitize-recover=all"
).split()


def host_compiler() -> str:
    """The first C compiler that is installed.

    Raises:
        FileNotFoundError: there is none.
    """
    for name in ("clang", "clang-19", "gcc", "cc"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("the tests need clang or gcc")


def build(program: Path, *sources: Path) -> Path:
    """Link `sources` to `program`, which ends at the first bad access or undefined operation.

    Raises:
        AssertionError: they do not compile without a warning; the text is the compiler's.
    """
    command = [host_compiler(), *FLAGS, f"-I{FIRMWARE / 'include'}", *sources, "-o", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return program
