"""odl run: stream samples to a device or simulator, check every tensor, and train it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from odl.cli.device import Asked, device_options
from odl.cli.net import caught
from odl.cli.options import folder_argument, json_option
from odl.cli.sandbox import contained

if TYPE_CHECKING:
    from odl.project import Project

FILE = click.Path(path_type=Path)


@click.command("run", short_help="Stream samples to a device or simulator; check every tensor.")
@folder_argument
@click.option("--data", required=True, type=FILE, help=".npz or .npy.")
@click.option("--limit", type=click.IntRange(min=1), help="Take only the first samples.")
@click.option("--verify/--no-verify", default=True, help="Whether every tensor is checked.")
@click.option("--steps", type=click.IntRange(min=1), help="Train for so many steps.")
@click.option(
    "--verify-steps", type=click.IntRange(min=0), default=5, show_default=True,
    help="Training steps whose every tensor is checked.",
)  # fmt: skip
@click.option("--seed", type=int, help="Shuffle the training samples; else they keep their order.")
@click.option("--eval", "evaluation", type=FILE, help="Data to evaluate before and after training.")
@click.option("--load", type=FILE, help="State to begin with (.safetensors).")
@click.option("--save", type=FILE, help="Where to put the state in the end (.safetensors).")
@device_options()
@json_option
def command(
    folder: Path,
    data: Path,
    limit: int | None,
    verify: bool,
    steps: int | None,
    verify_steps: int,
    seed: int | None,
    evaluation: Path | None,
    load: Path | None,
    save: Path | None,
    at: Asked,
    as_json: bool,
) -> int:
    """Run the samples of DATA on the program in FOLDER, which is built first if need be.

    Without --port the target's simulator is started. DATA holds arrays named as the model's
    inputs, or x for the only one, samples along the first axis; y may hold class numbers. Exits
    with 1 if a tensor leaves the bound of its operator.

    With --steps, DATA holds labels in y, and a program that was compiled with --train learns them.
    """
    from odl.project import read
    from odl.report.progress import progress
    from odl.report.run_report import print_run, print_run_json
    from odl.report.training_report import (
        print_training,
        print_training_json,
        training_progress,
    )
    from odl.run.samples import read_samples
    from odl.run.session import evaluate
    from odl.run.state_file import load_state, save_state
    from odl.run.training import TrainingOptions, learn, read_states, training_info

    project = read(folder)
    if steps or load or save:
        training_info(project)
    if verify and click.get_current_context().obj:  # its graphs may come from elsewhere
        code = contained(lambda: caught(lambda: _try_graphs(project)), folder)
        if code:
            return code
    options = at.options(verify)
    samples = read_samples(data, project, limit or 0, training=steps is not None)
    tests = read_samples(evaluation, project) if evaluation else None
    first = load_state(load, project) if load else {}
    image = at.image(project)
    title = f"{project.name} on {project.target.name}"
    with at.connect(project, image) as device:
        device.write(first)
        if steps:
            training = TrainingOptions(steps, verify_steps if verify else 0, seed, options.cores)
            with training_progress(title, steps, as_json) as tell_step:
                trained, before, after = learn(device, samples, tests, training, tell_step)
            ok = trained.ok
        else:
            with progress(title, len(samples)) as tell:
                result = evaluate(device, samples, options, tell)
            ok = result.ok
        if save:
            save_state(save, project, read_states(device))
    if steps:
        (print_training_json if as_json else print_training)(project, trained, before, after)
    else:
        show = print_run_json if as_json else print_run
        show(project, result, image.flash if image else 0, image.ram if image else 0)
    return 0 if ok else 1


def _try_graphs(project: Project) -> None:
    """Read the folder's graphs once where a crash does no harm."""
    from odl.run.verify import Verifier

    Verifier(project)
