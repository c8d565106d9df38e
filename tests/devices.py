"""Devices for tests: many models in one sanitized host program, and simulators of single models."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.build.build import build
from odl.compile import Compiled
from odl.emit.project import write_project
from odl.project import Project, read
from odl.result import Result
from odl.run.ports import Port
from odl.run.samples import Samples
from odl.run.session import RunOptions, open_port, run
from odl.run.simulator import Simulator
from tests.firmware.hostcc import FIRMWARE, FLAGS, ROOT, host_compiler

CORES = 3
"""Of the host program: enough for ranges that do not divide, and for an idle core."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class HostPrograms:
    """One program that serves any of several projects, chosen by number when it starts."""

    program: Path
    projects: list[Project]

    @contextmanager
    def serve(self, number: int) -> Iterator[Port]:
        """The link of a fresh device that serves project `number`."""
        project = self.projects[number]
        command = (str(self.program), str(number))
        target = replace(project.target, run=replace(project.target.run, command=command))
        port = Simulator(target, project.folder, self.program, CORES)
        try:
            yield port
        finally:
            port.close()

    def run(self, number: int, inputs: dict[str, Array], cores: int = 0) -> Result:
        """One sample on project `number`, every tensor checked."""
        samples = Samples({k: np.asarray(v)[None] for k, v in inputs.items()}, None)
        with self.serve(number) as port:
            return run(self.projects[number], port, samples, RunOptions(cores=cores))


def host_programs(models: list[Compiled], folder: Path) -> HostPrograms:
    """Generated C, kernels and run time of all `models`, under ASan and UBSan, -Werror."""
    projects, sources = [], {*(FIRMWARE / "runtime").glob("*.c")} - {FIRMWARE / "runtime/main.c"}
    sources |= {Path(__file__).parent / "firmware/serve_many.c", ROOT / "targets/host/platform.c"}
    for compiled in models:
        where = folder / compiled.program.name
        write_project(compiled.program, compiled.target, compiled.stages, where, "test.onnx")
        projects.append(replace(read(where), cores=CORES))
        sources |= {where / "model.c", *(FIRMWARE / c for c in _kernels(compiled))}
    names = "".join(f"MODEL({p.name})\n" for p in projects)
    (folder / "models.inc").write_text(names)
    flags = [*FLAGS, "-pthread", "-ffp-contract=off", f"-DODL_CORES={CORES}"]
    program = folder / "program"
    _compile(sorted(sources), program, [*flags, f"-I{FIRMWARE / 'include'}", f"-I{folder}"])
    return HostPrograms(program, projects)


def _kernels(compiled: Compiled) -> set[str]:
    return {f"kernels/{call.file}" for call in compiled.program.calls}


def _compile(sources: list[Path], program: Path, flags: list[str]) -> None:
    def compile_one(numbered: tuple[int, Path]) -> Path:
        made = program.parent / f"{numbered[0]}.o"
        _run([host_compiler(), *flags, "-c", numbered[1], "-o", made])
        return made

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, enumerate(sources)))
    _run([host_compiler(), *flags, *objects, "-o", program])


def _run(command: list[Any]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def run_target(
    compiled: Compiled, folder: Path, inputs: dict[str, Array], cores: int = 0
) -> Result:
    """Samples [samples, ...] on the compiled model's own target."""
    shutil.rmtree(folder, ignore_errors=True)
    write_project(compiled.program, compiled.target, compiled.stages, folder, "test.onnx")
    project = read(folder)
    image = build(project)
    options = RunOptions(cores=cores)
    with open_port(project, Path(image.elf), options) as port:
        return run(project, port, Samples(inputs, None), options)
