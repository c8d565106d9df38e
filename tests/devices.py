"""Devices for tests: many models in one program, for the host or a simulator, or a single one."""

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
from odl.build.objects import Objects
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
class Programs:
    """One program that serves any of several projects, chosen by number when it starts."""

    program: Path
    projects: list[Project]

    @contextmanager
    def serve(self, number: int) -> Iterator[Port]:
        """The link of a fresh device that serves project `number`."""
        project = self.projects[number]
        port = Simulator(project.target, project.folder, self.program, project.cores)
        try:
            port.write(number.to_bytes(2, "little"))
            yield port
        finally:
            port.close()

    def run(self, number: int, inputs: dict[str, Array], cores: int = 0) -> Result:
        """One sample on project `number`, every tensor checked."""
        samples = Samples({k: np.asarray(v)[None] for k, v in inputs.items()}, None)
        with self.serve(number) as port:
            return run(self.projects[number], port, samples, RunOptions(cores=cores))


def host_programs(models: list[Compiled], folder: Path) -> Programs:
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
    program = folder / "program"
    _compile(sorted(sources), folder, program)
    return Programs(program, projects)


def _kernels(compiled: Compiled) -> set[str]:
    return {f"kernels/{call.file}" for call in compiled.program.calls if call.file}


def _compile(sources: list[Path], folder: Path, program: Path) -> None:
    flags = [host_compiler(), *FLAGS, "-pthread", "-ffp-contract=off", f"-DODL_CORES={CORES}"]
    includes = [f"-I{FIRMWARE / 'include'}", "-I."]
    objects = Objects(folder, lambda command: _run(command, folder))

    def compile_one(numbered: tuple[int, Path]) -> Path:
        number, source = numbered
        inside = source.relative_to(folder) if source.is_relative_to(folder) else source
        objects.compile([*flags, *includes], str(inside), folder / f"{number}.o")
        return folder / f"{number}.o"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(compile_one, enumerate(sources)))
    _run([*flags, *made, "-o", program], folder)


def _run(command: list[Any], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def target_programs(models: list[Compiled], folder: Path, level: str) -> Programs:
    """The same for the models' own target, with its tool chain, optimised to `level`."""
    whole = folder / "all"
    projects, sources = [], set()
    for compiled in models:
        where = folder / compiled.program.name
        write_project(compiled.program, compiled.target, compiled.stages, where, "test.onnx")
        project = read(where)
        projects.append(project)
        shutil.copytree(where, whole, dirs_exist_ok=True)
        (whole / project.name).mkdir()
        for name in ("model.c", "model.h"):
            shutil.move(whole / name, whole / project.name / name)
        sources |= {*project.sources, f"{project.name}/model.c"} - {"model.c", "runtime/main.c"}
    shutil.copy(Path(__file__).parent / "firmware/serve_many.c", whole / "serve_many.c")
    names = "".join(f"MODEL({p.name})\n" for p in projects)
    (whole / "models.inc").write_text(names)
    first = projects[0]
    recipe = replace(
        first.target.build, cflags=(*first.target.build.cflags, level, "-fno-sanitize=all")
    )
    together = replace(
        first,
        folder=whole,
        target=replace(first.target, build=recipe),
        sources=tuple(sorted({*sources, "serve_many.c"})),
    )
    return Programs(Path(build(together).elf), projects)


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
