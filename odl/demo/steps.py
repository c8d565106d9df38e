"""The steps of the demonstration, each announced: infer, judge every tensor, then learn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from odl.build.build import Image, build
from odl.compile import Options, compile_to
from odl.demo import DATA, LEFT, MODEL, OPTIMIZER, STRATEGY, TRAIN
from odl.files import write_whole
from odl.project import Project, read
from odl.report.console import print_json
from odl.report.curve import curve
from odl.report.progress import progress
from odl.report.run_report import print_run, run_data
from odl.report.stream_report import points, print_stream, stream_data
from odl.report.training_report import training_progress
from odl.run.samples import read_samples
from odl.run.session import RunOptions, connect, open_port, run
from odl.run.stream import StreamOptions, Task, adapt
from odl.train.options import TrainOptions

Told = tuple[bool, dict[str, Any]]
"""Whether all was right, and the facts."""


def demo(folder: Path, target: str, cores: int, limit: int, svg: Path, as_json: bool) -> int:
    """The whole; the exit code.

    Args:
        folder: where the two build folders are put.
        limit: windows to infer, and to learn, at most; 0: all.
    """
    ran, facts = _infer(folder / "watch", target, cores, limit, as_json)
    learnt, more = _learn(folder / "watch_learns", target, cores, limit, svg, as_json)
    if as_json:
        print_json({"run": facts, "stream": more})
    return 0 if ran and learnt else 1


def _infer(folder: Path, target: str, cores: int, limit: int, quiet: bool) -> Told:
    """Right arms of wearers that the network has never seen, which it knows."""
    _say(f"odl compile {MODEL.name} --target {target} --cores {cores}")
    compile_to(MODEL, folder, Options(target, cores))
    project = read(folder)
    samples = read_samples(DATA, project, limit)
    image = _built(project)
    _say(
        f"odl run --data {DATA.name}: {len(samples)} windows of three wearers, every tensor checked"
    )
    options = RunOptions()
    with (
        open_port(project, Path(image.elf), options) as port,
        progress(f"{project.name} on {target}", len(samples)) as tell,
    ):
        result = run(project, port, samples, options, tell)
    if not quiet:
        print_run(project, result, image.flash, image.ram)
    return result.ok, run_data(project, result, image.flash, image.ram)


def _learn(folder: Path, target: str, cores: int, limit: int, svg: Path, quiet: bool) -> Told:
    """Left arms of the same wearers, which it does not know: half to learn, half to test."""
    train = TrainOptions(TRAIN, optimizer=OPTIMIZER, strategy=STRATEGY)
    _say(f"odl compile {MODEL.name} --train {TRAIN} --strategy {STRATEGY}")
    compile_to(MODEL, folder, Options(target, cores, train=train))
    project = read(folder)
    image = _built(project)
    left, right = read_samples(LEFT, project, training=True), read_samples(DATA, project)
    half = len(left) // 2
    lessons = left.part(slice(0, min(half, limit or half)))
    tests = {
        "left arms": read_samples(LEFT, project).part(slice(half, None)),
        "right arms": right.part(slice(0, half)),
    }
    _say(f"odl adapt --stream {LEFT.name}: the same wearers change arms, {len(lessons)} windows")
    options = StreamOptions(marks=(len(lessons) // 4, len(lessons) // 2), verified=3)
    assert project.training is not None
    total = len(lessons) * project.training.rounds
    with (
        open_port(project, Path(image.elf), RunOptions()) as port,
        training_progress(f"{project.name} on {target}", total, False) as tell,
    ):
        device = connect(project, port, RunOptions())
        result = adapt(device, [Task("left arms", lessons)], tests, options, tell)
        device.close()
    if not quiet:
        print_stream(project, result)
    title = "A watch that learns to be worn on the other arm"
    write_whole(svg, curve(title, points(result), f"{TRAIN}, {STRATEGY}, on {target}").encode())
    _say(f"{svg}: the curve")
    return result.training.ok, stream_data(project, result)


def _built(project: Project) -> Image:
    _say(f"odl build: {len(project.sources)} files of C")
    return build(project)


def _say(line: str) -> None:
    print(f"==> {line}", file=sys.stderr, flush=True)
