"""odl size: where the bytes of a program go."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import define_option, folder_argument, json_option, toolchain_option


@click.command("size", short_help="Where a program's flash and RAM go, kernel by kernel.")
@folder_argument
@toolchain_option
@define_option
@json_option
def command(folder: Path, toolchain: str, defines: tuple[str, ...], as_json: bool) -> None:
    """Show the sections of the program in FOLDER, which is built first if need be, and the bytes
    of each kernel, of the run time, of the target's own code, and of the model.
    """
    from odl.build.build import build
    from odl.build.sizes import sizes
    from odl.project import read
    from odl.report.size_report import print_sizes, print_sizes_json

    project = read(folder)
    show = print_sizes_json if as_json else print_sizes
    show(project, sizes(project, build(project, toolchain, defines)))
