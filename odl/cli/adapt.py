"""odl adapt: a stream of labelled samples, as the field sends them, and tests in between."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.device import Asked, device_options
from odl.cli.files import Files, counts, files
from odl.cli.options import folder_argument, json_option

FILE = click.Path(path_type=Path)


@click.command("adapt", short_help="Learn from a stream of labelled samples, task by task.")
@folder_argument
@click.option(
    "--stream", "streams", multiple=True, required=True, callback=files, metavar="[NAME=]FILE",
    help="Labelled samples (.npz); may be repeated: each file is a task.",
)  # fmt: skip
@click.option(
    "--eval", "tests", multiple=True, required=True, callback=files, metavar="[NAME=]FILE,...",
    help="Data to test with, before, in between and in the end.",
)  # fmt: skip
@click.option(
    "--tasks", type=click.IntRange(min=2), metavar="N",
    help="Make N tasks of the streams and tests, each of some classes.",
)  # fmt: skip
@click.option("--at", "marks", default="", callback=counts, metavar="N,N,...",
              help="Test after so many samples, too.")  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), default=1, show_default=True,
              help="Learn each task so many times.")  # fmt: skip
@click.option("--seed", type=int, help="Shuffle each task; else samples keep their order.")
@click.option(
    "--verify-steps", type=click.IntRange(min=0), default=5, show_default=True,
    help="Steps whose every tensor is checked.",
)  # fmt: skip
@click.option("--svg", type=FILE, help="Draw the accuracies there.")
@click.option("--load", type=FILE, help="State to begin with (.safetensors).")
@click.option("--save", type=FILE, help="Where to put the state in the end (.safetensors).")
@device_options()
@json_option
def command(
    folder: Path,
    streams: Files,
    tests: Files,
    tasks: int | None,
    marks: tuple[int, ...],
    epochs: int,
    seed: int | None,
    verify_steps: int,
    svg: Path | None,
    load: Path | None,
    save: Path | None,
    at: Asked,
    as_json: bool,
) -> int:
    """Let the program in FOLDER learn the samples of --stream by its strategy, and test it with
    the data of --eval.

    Without --port the target's simulator is started. Exits with 1 if a tensor leaves the bound of
    its operator.
    """
    from odl.files import write_whole
    from odl.project import read
    from odl.report.curve import curve
    from odl.report.stream_report import points, print_stream, print_stream_json
    from odl.report.training_report import training_progress
    from odl.run.samples import read_samples, read_tests
    from odl.run.state_file import load_state, save_state
    from odl.run.stream import (
        StreamOptions,
        adapt,
        lessons_of,
        split_tests,
        tasks_of,
    )
    from odl.run.training import read_states, training_info

    project = read(folder)
    info = training_info(project)
    taught = {n: read_samples(p, project, training=True) for n, p in streams.items()}
    tested = {n: read_tests(p, project) for n, p in tests.items()}
    options = StreamOptions(epochs, seed, marks, verified=verify_steps, cores=at.cores or 0)
    parts = tasks_of(taught, tasks or 0)
    if tasks:
        tested = split_tests(tested, tasks)
    first = load_state(load, project) if load else {}
    title = f"{project.name} on {project.target.name}"
    total = lessons_of(parts, info.strategy, options) * info.rounds
    with at.connect(project) as device, training_progress(title, total, False) as tell:
        device.write(first)
        result = adapt(device, parts, tested, options, tell)
        if save:
            save_state(save, project, read_states(device))
    (print_stream_json if as_json else print_stream)(project, result)
    if svg:
        text = curve(
            f"{title} learns", points(result), f"{info.strategy or 'naive'}, {total} steps"
        )
        write_whole(svg, text.encode())
    return 0 if result.training.ok else 1
