"""odl adapter: what a device has learnt, as a file of its own, as numbers, or in the model."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import folder_argument, json_option

FILE = click.Path(path_type=Path)


@click.group("adapter", short_help="What was learnt: export it, look at it, merge it.")
def command() -> None:
    """Handle what a program in FOLDER, compiled with --train, has learnt."""


@command.command("export")
@folder_argument
@click.argument("state", type=FILE)
@click.argument("file", type=FILE)
def export(folder: Path, state: Path, file: Path) -> None:
    """Write what learnt of STATE, which 'odl run --save' has made, to FILE (.safetensors)."""
    from odl.adapt.files import read_base, write_adapter
    from odl.project import read
    from odl.run.state_file import UPDATES, load_state
    from odl.run.training import training_info

    project = read(folder)
    training_info(project)
    states, base = load_state(state, project), read_base(project.folder)
    size = write_adapter(file, base, states, int(states[UPDATES]))
    click.echo(f"{file}: {size:,} bytes learnt in {int(states[UPDATES])} updates")


@command.command("merge")
@folder_argument
@click.argument("file", type=FILE)
@click.argument("output", type=FILE)
def merge(folder: Path, file: Path, output: Path) -> None:
    """Fold the adapter FILE into the model without training: OUTPUT is a plain ONNX file."""
    from odl.adapt.files import merge as merged
    from odl.adapt.files import read_adapter, read_base, write_graph
    from odl.project import read

    base = read_base(read(folder).folder)
    graph, changes = merged(base, read_adapter(file, base)[0])
    write_graph(output, graph)
    lost = max((c.lost for c in changes), default=0.0)
    click.echo(
        f"{output}: {len(changes)} tensors changed; rounding took at most {lost:.1e} of a "
        "change's energy"
    )


@command.command("inspect")
@folder_argument
@click.argument("file", type=FILE)
@json_option
def inspect(folder: Path, file: Path, as_json: bool) -> None:
    """Show how much each tensor has changed: norm, rank, new singular directions."""
    from dataclasses import asdict

    from odl.adapt.files import merge as merged
    from odl.adapt.files import read_adapter, read_base
    from odl.project import read
    from odl.report.console import print_facts, print_json, print_table

    base = read_base(read(folder).folder)
    tensors, about = read_adapter(file, base)
    _, changes = merged(base, tensors)
    if as_json:
        print_json({**about, "changes": [asdict(c) for c in changes]})
        return
    print_table(
        ("tensor", "learns by", "rank", "change", "intruders"),
        [(c.name, c.method, c.rank, f"{c.size:.2%}", c.intruders) for c in changes],
        numbers="llrrr",
    )
    print_facts([("updates", about.get("updates", "?")), ("base", base.digest[:16])])
