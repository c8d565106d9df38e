"""odl profile: what each step of a program costs, and what its cores wait for."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.device import Asked, device_options
from odl.cli.options import folder_argument, json_option

FILE = click.Path(path_type=Path)


@click.command("profile", short_help="What each step costs, and what its cores wait for.")
@folder_argument
@click.option("--data", type=FILE, help=".npz or .npy, of which the first sample is taken.")
@click.option("--seed", default=0, show_default=True, help="Of random inputs, without --data.")
@click.option("--top", type=click.IntRange(min=1), help="Show only the costliest.")
@device_options(timeout=120.0)
@json_option
def command(
    folder: Path,
    data: Path | None,
    seed: int,
    top: int | None,
    at: Asked,
    as_json: bool,
) -> None:
    """Run the program in FOLDER once, step by step, and show what each step costs.

    Without --port the target's simulator is started. A program that was compiled with --train runs
    one training step; without --data its inputs and labels are random.
    """
    from odl.project import read
    from odl.report.profile_report import print_profile, print_profile_json
    from odl.run.profile import profile
    from odl.run.random_inputs import random_inputs
    from odl.run.samples import read_samples

    project = read(folder)
    if data:
        training = project.training is not None
        inputs = read_samples(data, project, 1, training).inputs_at(0)
    else:
        inputs = random_inputs(project, seed)
    cores = at.cores or 0
    with at.connect(project) as device:
        costs = profile(device, inputs, cores)
    if as_json:
        print_profile_json(project, costs, cores)
    else:
        print_profile(project, costs, cores, top or 0)
