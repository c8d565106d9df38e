"""odl compile: a model to a folder of C."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import Asked, compile_options, model_argument


@click.command("compile", short_help="Lower a model to a folder of readable C.")
@model_argument
@compile_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default="build", show_default=True,
    help="Folder to write; one that odl has made is replaced.",
)  # fmt: skip
@click.option(
    "--project", default="", metavar="NAME",
    help="Add a project for a vendor's SDK; a name that is unknown is answered with the known.",
)  # fmt: skip
@click.option(
    "--save-stages", is_flag=True, help="Keep the graph after every pass, for 'odl view'."
)
def command(
    model: Path,
    asked: Asked,
    output: Path,
    project: str,
    save_stages: bool,
) -> None:
    """Lower MODEL (ONNX or TFLite) to C: model.c, model.h, its kernels and its run time.

    With --train the C also computes a loss and gradients and updates what it trains.
    """
    from odl.compile import compile_to

    compiled = compile_to(model, output, asked.options(save_stages), project)
    program, again = compiled.program, compiled.recomputed
    click.echo(
        f"{output}: {program.name} for {program.target}, {program.cores} cores: "
        f"{len(program.calls)} steps, {program.macs:,} MAC, arena {program.arena_bytes:,} bytes "
        f"({program.plan_ratio:.3f} of the lower bound), constants {program.constant_bytes:,} bytes"
    )
    if compiled.layout:
        click.echo(f"  layout: {compiled.layout}")
    if again:
        click.echo(
            f"  to keep to --ram, {len(again)} results are computed twice: "
            f"{sum(r.macs for r in again):,} MAC more"
        )
    if project:
        click.echo(f"  with the project {project} for a vendor's SDK")
    if program.training:
        click.echo(
            f"  a training step: {len(program.states)} states of {program.state_bytes:,} bytes; "
            f"steps 0 to {program.training.forward - 1} make the prediction"
        )
        click.echo(f"next: odl run {output} --data SAMPLES.npz --steps N")
        return
    click.echo(f"next: odl run {output} --data SAMPLES.npz")
