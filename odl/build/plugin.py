"""Build the plugin of a target's simulator, once for each version of Spike and of its sources."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from odl.errors import DeviceError
from odl.programs import find_program
from odl.run.plugin import plugin_file, plugin_sources, spike_headers
from odl.target import Target

SECONDS = 300
FLAGS = (
    "-std=c++20",
    "-O2",
    "-shared",
    "-fPIC",
    "-D_GLIBCXX_USE_CXX11_ABI=0",  # as the wheel is built
)


def build_plugin(target: Target) -> Path:
    """The shared library, which is compiled with g++ where it is not there yet.

    Raises:
        DeviceError: no g++, or it refuses the sources.
    """
    library = plugin_file(target)
    if library.is_file():
        return library
    compiler = find_program("g++")
    if compiler is None:
        raise DeviceError(
            "the simulator's instructions are compiled on first use, and there is no g++",
            where=target.name,
            advice="apt install g++",
        )
    headers = spike_headers()
    includes = [f"-isystem{headers}", f"-isystem{headers / 'riscv'}"]
    sources = [str(p) for p in plugin_sources(target) if p.suffix == ".cc"]
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=library.parent) as scratch:
            fresh = Path(scratch) / "plugin.so"
            done = subprocess.run(
                [compiler, *FLAGS, *includes, *sources, "-o", str(fresh)],
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
            if done.returncode != 0:
                lines = [line for line in done.stderr.splitlines() if "error" in line]
                raise DeviceError(f"g++ failed: {next(iter(lines), 'see its output')}")
            os.replace(fresh, library)
    except OSError as e:
        raise DeviceError(f"cannot be written: {e.strerror}", where=str(library)) from e
    except subprocess.TimeoutExpired as e:
        raise DeviceError(f"g++ took more than {SECONDS} s", where=target.name) from e
    return library
