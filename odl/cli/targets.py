"""odl targets: the machines that odl compiles for."""

from __future__ import annotations

from typing import Any

import click

from odl.cli.options import json_option


@click.command("targets", short_help="The machines that odl compiles for.")
@json_option
def command(as_json: bool) -> None:
    """List the targets, and whether this machine can build for them and run them."""
    from odl import target as targets
    from odl.build.toolchain import installed
    from odl.programs import find_program
    from odl.report.console import print_json, print_table

    data: list[dict[str, Any]] = []
    for target in map(targets.load, targets.names()):
        program = target.run.command[0]
        data.append(
            {
                "name": target.name,
                "description": target.description,
                "cores": target.cores,
                "default_cores": target.default_cores,
                "memories": {m.name: m.bytes for m in target.memories},
                "flash": target.flash,
                "toolchains": installed(target),
                "simulator": "" if program == "{elf}" else program,
                "runs": program == "{elf}" or find_program(program) is not None,
            }
        )
    if as_json:
        print_json(data)
        return
    rows = [
        (
            t["name"],
            t["description"],
            f"{t['default_cores']} of {t['cores']}",
            ", ".join(t["toolchains"]) or "none installed",
            "yes" if t["runs"] else f"no, {t['simulator']} is missing",
        )
        for t in data
    ]
    print_table(
        ("target", "what it is", "cores", "tool chains", "runs here"), rows, numbers="llrll"
    )
