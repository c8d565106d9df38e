"""odl adapter: what a device has learnt, as a file of its own, as numbers, or in the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from odl.cli.options import folder_argument, json_option

if TYPE_CHECKING:
    from odl.adapt.files import Base, Tensors
    from odl.project import Project

FILE = click.Path(path_type=Path)

weights_option = click.option(
    "--weights", type=FILE,
    help="The network's parameters as PyTorch has them (.safetensors), for folders of PEFT: where "
    "its exporter has folded normalisations, the model does not have them.",
)  # fmt: skip


@click.group("adapter", short_help="What was learnt: export, import, compare and merge it.")
def command() -> None:
    """Handle what a program in FOLDER, compiled with --train, has learnt."""


@command.command("export")
@folder_argument
@click.argument("state", type=FILE)
@click.argument("file", type=FILE)
@click.option(
    "--format", "layout", type=click.Choice(["odl", "peft"]), default="odl", show_default=True,
    help="A .safetensors file, or a folder as Hugging Face PEFT has it.",
)  # fmt: skip
@weights_option
def export(folder: Path, state: Path, file: Path, layout: str, weights: Path | None) -> None:
    """Write what learnt of STATE, which 'odl run --save' has made, to FILE.

    A folder for PEFT holds the change of the weights that the model had: of factors that were taken
    out of the weights at first, and of layers with folded norms, too. It has the modules' names as
    PyTorch has them: those of the model's weights without '.weight'.
    """
    from odl.adapt.files import read_base, write_adapter
    from odl.adapt.origins import origins_in
    from odl.adapt.peft.convert import to_peft
    from odl.adapt.peft.folder import write_folder
    from odl.project import read
    from odl.run.state_file import UPDATES, load_state
    from odl.run.training import training_info

    project = read(folder)
    training_info(project)
    states, base = load_state(state, project), read_base(project.folder)
    if layout == "odl":
        size = write_adapter(file, base, states, int(states[UPDATES]))
    else:
        size = write_folder(
            file, to_peft(base, states, origins_in(base, project.original, weights))
        )
    click.echo(f"{file}: {size:,} bytes learnt in {int(states[UPDATES])} updates")


@command.command("import")
@folder_argument
@click.argument("file", type=FILE)
@click.argument("state", type=FILE)
@weights_option
def import_(folder: Path, file: Path, state: Path, weights: Path | None) -> None:
    """Write a STATE with which 'odl run --load' goes on from the adapter FILE.

    FILE is what 'odl adapter export' has written for this program, or a folder of PEFT whose change
    the program's factors can make: of no larger rank, and of the layers that it adapts.
    """
    from odl.adapt.files import first_states, read_base
    from odl.errors import IntegrityError
    from odl.project import read
    from odl.run.state_file import save_state
    from odl.run.training import training_info

    project = read(folder)
    known = {name for name, _ in training_info(project).states}
    learnt, _ = read_any(file, project, read_base(project.folder), weights)
    for name in learnt:
        if name not in known:
            raise IntegrityError(
                f"changes '{name}', which the program does not train", where=str(file)
            )
    save_state(state, project, {**first_states(project.graph, known), **learnt})
    click.echo(f"{state}: {len(learnt)} of {len(known)} states are the adapter's")


@command.command("merge")
@folder_argument
@click.argument("file", type=FILE)
@click.argument("output", type=FILE)
@weights_option
def merge(folder: Path, file: Path, output: Path, weights: Path | None) -> None:
    """Fold the adapter FILE into the model without training: OUTPUT is a plain ONNX file."""
    from odl.adapt.files import merge as merged
    from odl.adapt.files import read_base, write_graph
    from odl.project import read

    project = read(folder)
    base = read_base(project.folder)
    graph, changes = merged(base, read_any(file, project, base, weights)[0])
    write_graph(output, graph)
    lost = max((c.lost for c in changes), default=0.0)
    click.echo(
        f"{output}: {len(changes)} tensors changed; rounding took at most {lost:.1e} of a "
        "change's energy"
    )


@command.command("inspect")
@folder_argument
@click.argument("file", type=FILE)
@weights_option
@json_option
def inspect(folder: Path, file: Path, weights: Path | None, as_json: bool) -> None:
    """Show how much each tensor has changed: rank, norms, new singular directions.

    'norm' is the root of the sum of squares, 'largest' the largest singular value, 'change' the
    norm relative to that of the tensor before. Intruders are, of its ten largest singular vectors,
    those that share less than a half with each that it had before: they go with forgetting.
    """
    from dataclasses import asdict

    from odl.adapt.files import merge as merged
    from odl.adapt.files import read_base
    from odl.project import read
    from odl.report.console import print_facts, print_json, print_table

    project = read(folder)
    base = read_base(project.folder)
    tensors, about = read_any(file, project, base, weights)
    _, changes = merged(base, tensors)
    if as_json:
        print_json({**about, "changes": [asdict(c) for c in changes]})
        return
    print_table(
        ("tensor", "learns by", "rank", "norm", "largest", "change", "intruders"),
        [
            (c.name, c.method, c.rank, f"{c.norm:.3g}", f"{c.spectral:.3g}", f"{c.size:.2%}",
             c.intruders)
            for c in changes
        ],
        numbers="llrrrrr",
        spare=(4, 3),
    )  # fmt: skip
    print_facts([("updates", about.get("updates", "?")), ("base", base.digest[:16])])


@command.command("diff")
@folder_argument
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@click.option(
    "--tolerance", type=click.FloatRange(min=0), default=0.0, show_default=True,
    help="Largest share of a tensor's norm that counts for no difference.",
)  # fmt: skip
@weights_option
@json_option
def diff(
    folder: Path, a: Path, b: Path, tolerance: float, weights: Path | None, as_json: bool
) -> int:
    """Compare what the adapters A and B make of each tensor; exits with 1 if they differ.

    'norm' is that of one less the other, 'difference' the same relative to the tensor before;
    'cosine' is that between their changes.
    """
    from dataclasses import asdict

    from odl.adapt.files import differences, read_base
    from odl.project import read
    from odl.report.console import print_json, print_table

    project = read(folder)
    base = read_base(project.folder)
    first, second = (read_any(file, project, base, weights)[0] for file in (a, b))
    found = differences(base, first, second)
    if as_json:
        print_json([asdict(d) for d in found])
    else:
        print_table(
            ("tensor", "learns by", "difference", "norm", "cosine", "rank of A", "of B", "only in"),
            [
                (d.name, d.method, f"{d.size:.2%}", f"{d.norm:.3g}",
                 "" if d.cosine is None else f"{d.cosine:.3f}", *d.ranks, d.only.upper())
                for d in found
            ],
            numbers="llrrrrrl",
            spare=(3, 6, 5),
        )  # fmt: skip
    return int(any(d.size > tolerance for d in found))


def read_any(
    file: Path, project: Project, base: Base, weights: Path | None
) -> tuple[Tensors, dict[str, str]]:
    """The tensors of an adapter, or of a folder of PEFT, and what it says of itself."""
    from odl.adapt.files import read_adapter
    from odl.adapt.origins import origins_in
    from odl.adapt.peft.convert import from_peft
    from odl.adapt.peft.folder import read_folder

    if not file.is_dir():
        return read_adapter(file, base)
    adapter = read_folder(file)
    known = origins_in(base, project.original, weights)
    return from_peft(base, adapter, known, str(file)), {"methods": adapter.config.kind}
