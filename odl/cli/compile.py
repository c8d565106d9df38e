"""odl compile: a model to a folder of C."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import Shapes, compile_options, model_argument


@click.command("compile", short_help="Lower a model to a folder of readable C.")
@model_argument
@compile_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default="build", show_default=True,
    help="Folder to write; one that odl has made is replaced.",
)  # fmt: skip
@click.option(
    "--save-stages", is_flag=True, help="Keep the graph after every pass, for 'odl view'."
)
def command(
    model: Path,
    target: str,
    cores: int | None,
    dtype: str,
    input_shapes: Shapes,
    output: Path,
    save_stages: bool,
) -> None:
    """Lower MODEL (ONNX or TFLite) to C: model.c, model.h, its kernels and its run time."""
    from odl.compile import Options, compile_to

    options = Options(target, cores or 0, input_shapes, dtype, None, save_stages)
    program = compile_to(model, output, options).program
    click.echo(
        f"{output}: {program.name} for {program.target}, {program.cores} cores: "
        f"{len(program.calls)} steps, {program.macs:,} MAC, arena {program.arena_bytes:,} bytes "
        f"({program.plan_ratio:.3f} of the lower bound), constants {program.constant_bytes:,} bytes"
    )
    click.echo(f"next: odl run {output} --data SAMPLES.npz")
