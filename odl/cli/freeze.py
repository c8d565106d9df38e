"""odl freeze: a model whose publisher lets some layers be trained, and others not."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import model_argument

FILE = click.Path(path_type=Path)


@click.command("freeze", short_help="Forbid the training of layers, in the model's own file.")
@model_argument
@click.option(
    "--layers", "patterns", required=True, metavar="PATTERN,...",
    help="Names of layers, with * and ?; the beginning of a path covers what is behind it.",
)  # fmt: skip
@click.option("-o", "--output", required=True, type=FILE, help="The ONNX file to write.")
def command(model: Path, patterns: str, output: Path) -> None:
    """Write MODEL with a mask that every --train obeys: what it covers gets no gradient.

    Layers that are frozen already stay so. The mask says what odl may train; it does not keep
    anybody from editing the file.
    """
    from odl.adapt.files import write_graph
    from odl.adapt.frozen import freeze
    from odl.compile import layers_of, read_model, snapshot

    read = read_model(model)
    wanted = tuple(filter(None, patterns.split(",")))
    covered = freeze(read, layers_of(read_model(model)), wanted)
    write_graph(output, snapshot(read))
    layers = dict.fromkeys(p.layer for p in covered)
    click.echo(f"{output}: {len(covered)} parameters of {len(layers)} layers are frozen")
