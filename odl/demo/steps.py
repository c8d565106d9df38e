"""The steps of the demonstration, each announced: compile, build, stream, judge."""

from __future__ import annotations

import sys
from pathlib import Path

from odl.build.build import build
from odl.compile import Options, compile_to
from odl.project import read
from odl.report.progress import progress
from odl.report.run_report import print_run, print_run_json
from odl.run.samples import read_samples
from odl.run.session import RunOptions, open_port, run


def demo(
    model: Path, data: Path, folder: Path, target: str, cores: int, limit: int, as_json: bool
) -> int:
    """Compile `model`, run `data` on its device and check every tensor; the exit code."""
    _say(f"odl compile {model.name} --target {target} --cores {cores}")
    compile_to(model, folder, Options(target, cores))
    project = read(folder)
    samples = read_samples(data, project, limit)
    _say(f"odl build: {len(project.sources)} files of C")
    image = build(project)
    _say(
        f"odl run --data {data.name}: {len(samples)} windows of three wearers, every tensor checked"
    )
    options = RunOptions()
    with (
        open_port(project, Path(image.elf), options) as port,
        progress(f"{project.name} on {target}", len(samples)) as tell,
    ):
        result = run(project, port, samples, options, tell)
    show = print_run_json if as_json else print_run
    show(project, result, image.flash, image.ram)
    return 0 if result.ok else 1


def _say(line: str) -> None:
    print(f"==> {line}", file=sys.stderr, flush=True)
