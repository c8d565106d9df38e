"""odl methods: the ways in which a network can learn on the device."""

from __future__ import annotations

import click

from odl.cli.options import json_option


def _shape(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    dims = value.split(",")
    if len(dims) < 2 or not all(d.isdecimal() and 0 < int(d) <= 4096 for d in dims):
        raise click.BadParameter(f"'{value}' is not OUTPUTS,CHANNELS[,WINDOW...]")
    return tuple(map(int, dims))


@click.command("methods", short_help="The ways in which a network can learn: --train.")
@click.option(
    "--layer", "shape", default="64,64,3,3", show_default=True, callback=_shape,
    metavar="OUTPUTS,CHANNELS[,WINDOW...]", help="Shape of the weight that the costs are for.",
)  # fmt: skip
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the README's table.")
@json_option
def command(shape: tuple[int, ...], as_markdown: bool, as_json: bool) -> None:
    """List what --train knows, with what each method trains and keeps of one layer.

    Costs are those of the default settings: bytes that learn (in single precision, without the
    optimiser's moments), values for each position of the output that wait for the backward pass,
    and multiply-accumulates that each position takes more.
    """
    from odl.report.console import print_json, print_table
    from odl.report.methods import HEAD, markdown, method_rows

    rows = method_rows(shape)
    if as_json:
        print_json([dict(zip(HEAD, row, strict=True)) for row in rows])
    elif as_markdown:
        click.echo(markdown(), nl=False)
    else:
        print_table(HEAD, rows, numbers="lllrrrl", spare=(5, 2))
