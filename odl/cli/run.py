"""odl run: stream samples to a device or simulator and check every tensor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from odl.cli.net import caught
from odl.cli.options import define_option, folder_argument, json_option, toolchain_option
from odl.cli.sandbox import contained

if TYPE_CHECKING:
    from odl.project import Project


@click.command("run", short_help="Stream samples to a device or simulator; check every tensor.")
@folder_argument
@click.option("--data", required=True, type=click.Path(path_type=Path), help=".npz or .npy.")
@click.option("--port", default="", help="Of a board: /dev/ttyUSB0, socket://HOST:PORT, ...")
@click.option("--baud", default=115200, show_default=True, help="Of a serial port.")
@click.option("--limit", type=click.IntRange(min=1), help="Run only the first samples.")
@click.option("--cores", type=click.IntRange(min=1), help="Cores that take part.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True,
    help="Seconds to wait for an answer.",
)  # fmt: skip
@click.option("--verify/--no-verify", default=True, help="Whether every tensor is checked.")
@toolchain_option
@define_option
@json_option
def command(
    folder: Path,
    data: Path,
    port: str,
    baud: int,
    limit: int | None,
    cores: int | None,
    timeout: float,
    verify: bool,
    toolchain: str,
    defines: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run the samples of DATA on the program in FOLDER, which is built first if need be.

    Without --port the target's simulator is started. DATA holds arrays named as the model's
    inputs, or x for the only one, samples along the first axis; y may hold class numbers. Exits
    with 1 if a tensor leaves the bound of its operator.
    """
    from odl.build.build import build
    from odl.project import read
    from odl.report.progress import progress
    from odl.report.run_report import print_run, print_run_json
    from odl.run.samples import read_samples
    from odl.run.session import RunOptions, open_port, run

    project = read(folder)
    if verify and click.get_current_context().obj:  # its graphs may come from elsewhere
        code = contained(lambda: caught(lambda: _try_graphs(project)), folder)
        if code:
            return code
    samples = read_samples(data, project, limit or 0)
    options = RunOptions(port, baud, cores or 0, timeout, verify)
    image = None if port else build(project, toolchain, defines)
    elf = Path(image.elf) if image else None
    with (
        open_port(project, elf, options) as opened,
        progress(f"{project.name} on {project.target.name}", len(samples)) as tell,
    ):
        result = run(project, opened, samples, options, tell)
    show = print_run_json if as_json else print_run
    show(project, result, image.flash if image else 0, image.ram if image else 0)
    return 0 if result.ok else 1


def _try_graphs(project: Project) -> None:
    """Read the folder's graphs once where a crash does no harm."""
    from odl.run.verify import Verifier

    Verifier(project)
