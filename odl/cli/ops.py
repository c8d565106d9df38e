"""odl ops: the operators that odl compiles."""

from __future__ import annotations

import click

from odl.cli.options import json_option


@click.command("ops", short_help="The operators that odl compiles.")
@click.option("--target", "-t", default="", help="Only what one target has; see 'odl targets'.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the README's table.")
@json_option
def command(target: str, as_markdown: bool, as_json: bool) -> None:
    """List the operators with their element types, vector kernels and limits."""
    from odl.report.console import print_json, print_table
    from odl.report.operators import HEAD, markdown, operator_rows
    from odl.target import load, names

    rows = operator_rows(load(target) if target else None)
    if as_json:
        print_json([dict(zip(HEAD, row, strict=True)) for row in rows])
    elif as_markdown:
        click.echo(markdown(), nl=False)
    else:
        print_table(HEAD, rows)
        half = [n for n in names() if "f16" in load(n).dtypes]
        vectors = [n for n in names() if load(n).kernels]
        click.echo(f"fp16 on {', '.join(half)}; vectors on {', '.join(vectors) or 'no target'}")
