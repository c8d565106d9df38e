"""odl ops: the operators that odl compiles."""

from __future__ import annotations

import click

from odl.cli.options import json_option


@click.command("ops", short_help="The operators that odl compiles.")
@click.option("--target", "-t", default="host", show_default=True, help="See 'odl targets'.")
@json_option
def command(target: str, as_json: bool) -> None:
    """List the operators, their types on a target, and their limits."""
    from odl.report.console import print_json, print_table
    from odl.report.operators import HEAD, operator_rows
    from odl.target import load

    rows = operator_rows(load(target))
    if as_json:
        print_json([dict(zip(HEAD, row, strict=True)) for row in rows])
    else:
        print_table(HEAD, rows)
