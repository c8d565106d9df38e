"""odl methods: the ways in which a network can learn on the device."""

from __future__ import annotations

from collections.abc import Callable

import click

from odl.cli.options import json_option

Listing = tuple[tuple[str, ...], list[tuple[str, ...]], Callable[[], str], str, tuple[int, ...]]
"""Head, rows, the README's table, and how columns stand."""


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
@click.option("--strategies", "of_strategies", is_flag=True, help="List what --strategy knows.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the README's table.")
@json_option
def command(shape: tuple[int, ...], of_strategies: bool, as_markdown: bool, as_json: bool) -> None:
    """List what --train knows, with what each method trains and keeps of one layer.

    Costs are those of the default settings: bytes that learn (in single precision, without the
    optimiser's moments), values for each position of the output that wait for the backward pass,
    and multiply-accumulates that each position takes more.
    """
    from odl.report import methods, strategies
    from odl.report.console import print_json, print_table

    listing: Listing = (
        methods.HEAD,
        methods.method_rows(shape),
        methods.markdown,
        "lllrrrl",
        (5, 2),
    )
    if of_strategies:
        listing = strategies.HEAD, strategies.strategy_rows(), strategies.markdown, "llll", (3,)
    head, rows, text, numbers, spare = listing
    if as_json:
        print_json([dict(zip(head, row, strict=True)) for row in rows])
    elif as_markdown:
        click.echo(text(), nl=False)
    else:
        print_table(head, rows, numbers=numbers, spare=spare)
