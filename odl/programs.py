"""Find the programs that odl starts: as ODL_NAME says, beside this interpreter, or on PATH."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path


def search_path() -> str:
    """PATH with this interpreter's folder first, so that a venv need not be activated."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def find_program(name: str) -> str | None:
    """The program's path, or None.

    A path in the environment goes first: ODL_GVSOC for `gvsoc`. `zig` is the one of the ziglang
    wheel where that is installed. A name without a version also finds the newest `name-NUMBER`, as
    Debian calls its compilers.
    """
    if named := os.environ.get("ODL_" + re.sub(r"\W", "_", name).upper()):
        return shutil.which(named)
    if name == "zig" and (inside := _in_wheel("ziglang", "zig")):
        return inside
    exact = shutil.which(name, path=search_path())
    return exact or next(iter(_numbered(name)), None)


def _in_wheel(package: str, program: str) -> str | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / program
    return str(path) if path.is_file() else None


def _numbered(name: str) -> list[str]:
    """Programs called name-NUMBER, the newest first."""
    pattern = re.compile(rf"{re.escape(name)}-(\d+)")
    found: dict[int, str] = {}
    for folder in map(Path, filter(None, search_path().split(os.pathsep))):
        for path in folder.glob(f"{name}-*") if folder.is_dir() else ():
            if match := pattern.fullmatch(path.name):
                found.setdefault(int(match[1]), str(path))
    return [found[v] for v in sorted(found, reverse=True)]
