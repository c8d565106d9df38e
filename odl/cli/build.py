"""odl build: a folder of C to an ELF file."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import define_option, folder_argument, json_option, toolchain_option


@click.command("build", short_help="Compile the C of a folder to an ELF file.")
@folder_argument
@toolchain_option
@define_option
@json_option
def command(folder: Path, toolchain: str, defines: tuple[str, ...], as_json: bool) -> None:
    """Compile and link FOLDER, which 'odl compile' has made; 'odl run' does it by itself."""
    from dataclasses import asdict

    from odl.build.build import build
    from odl.project import read
    from odl.report.console import print_facts, print_json

    image = build(read(folder), toolchain, defines)
    if as_json:
        print_json(asdict(image))
        return
    print_facts(
        [
            ("image", image.elf),
            ("tool chain", image.toolchain),
            ("flash", f"{image.flash:,} bytes"),
            ("RAM", f"{image.ram:,} bytes"),
        ]
    )
