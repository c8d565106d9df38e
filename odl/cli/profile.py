"""odl profile: what each step of a program costs, and what its cores wait for."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import define_option, folder_argument, json_option, toolchain_option

FILE = click.Path(path_type=Path)


@click.command("profile", short_help="What each step costs, and what its cores wait for.")
@folder_argument
@click.option("--data", type=FILE, help=".npz or .npy, of which the first sample is taken.")
@click.option("--seed", default=0, show_default=True, help="Of random inputs, without --data.")
@click.option("--port", default="", help="Of a board: /dev/ttyUSB0, socket://HOST:PORT, ...")
@click.option("--baud", default=115200, show_default=True, help="Of a serial port.")
@click.option("--cores", type=click.IntRange(min=1), help="Cores that take part.")
@click.option("--top", type=click.IntRange(min=1), help="Show only the costliest.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=120.0, show_default=True,
    help="Seconds to wait for one step.",
)  # fmt: skip
@toolchain_option
@define_option
@json_option
def command(
    folder: Path,
    data: Path | None,
    seed: int,
    port: str,
    baud: int,
    cores: int | None,
    top: int | None,
    timeout: float,
    toolchain: str,
    defines: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the program in FOLDER once, step by step, and show what each step costs.

    Without --port the target's simulator is started. A program that was compiled with --train runs
    one training step; without --data its inputs and labels are random.
    """
    from odl.build.build import build
    from odl.project import read
    from odl.report.profile_report import print_profile, print_profile_json
    from odl.run.profile import profile
    from odl.run.random_inputs import random_inputs
    from odl.run.samples import read_samples
    from odl.run.session import RunOptions, connect, open_port

    project = read(folder)
    if data:
        training = project.training is not None
        inputs = read_samples(data, project, 1, training).inputs_at(0)
    else:
        inputs = random_inputs(project, seed)
    options = RunOptions(port, baud, cores or 0, timeout)
    elf = None if port else Path(build(project, toolchain, defines).elf)
    with open_port(project, elf, options) as opened:
        device = connect(project, opened, options)
        costs = profile(device, inputs, options.cores)
        device.close()
    if as_json:
        print_profile_json(project, costs, options.cores)
    else:
        print_profile(project, costs, options.cores, top or 0)
