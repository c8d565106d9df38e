"""odl compare: ways of learning side by side, on the same samples and with costs measured."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.files import Files, counts, files
from odl.cli.options import json_option, many_times_argument


def _methods(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """TRAIN[@STRATEGY] each, with commas between them as within them."""
    from odl.adapt import registry

    found: list[str] = []
    for piece in value.split(","):
        name = piece.split("@")[0].split("+")[0].split(":")[0]
        if name in registry() or not found or not piece or piece.startswith("layers="):
            found.append(piece)
        else:
            found[-1] += f",{piece}"
    if len(set(found)) < len(found) or "" in found:
        raise click.BadParameter(f"'{value}' is not METHOD,METHOD,... without repetition")
    return tuple(found)


def _rates(ctx: click.Context, param: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        rates = tuple(float(v) for v in value.split(",")) if value else ()
    except ValueError:
        rates = (-1.0,)
    if any(not 0 < r < 1e6 for r in rates):
        raise click.BadParameter(f"'{value}' is not R,R,... above 0")
    return rates


@click.command("compare", short_help="Ways of learning side by side: accuracy, memory, cycles.")
@many_times_argument
@click.option(
    "--methods", required=True, callback=_methods, metavar="METHOD[@STRATEGY],...",
    help="What --train and --strategy are to be given; the first one is what others are "
    "compared with.",
)  # fmt: skip
@click.option("--stream", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Labelled samples to learn from (.npz).")  # fmt: skip
@click.option(
    "--eval", "tests", multiple=True, required=True, callback=files, metavar="[NAME=]FILE,...",
    help="Data to test with. Of the first file every second sample chooses the learning rate, "
    "and the others are reported.",
)  # fmt: skip
@click.option("--source", type=click.Path(path_type=Path), metavar="FILE",
              help="Labelled samples that MODEL has learnt from, for replay:source=N.")  # fmt: skip
@click.option("--samples", "marks", default="20,100,400", show_default=True, callback=counts,
              metavar="N,N,...", help="Test after so many samples.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True,
              help="Orders of the stream.")  # fmt: skip
@click.option("--rates", default="", callback=_rates, metavar="R,R,...",
              help="Learning rates that are tried for each.")  # fmt: skip
@click.option("--optimizer", default="sgd", show_default=True, metavar="NAME:KEY=VALUE,...",
              help="Without lr.")  # fmt: skip
@click.option("--loss", default="ce", show_default=True, metavar="NAME:KEY=VALUE,...")
@click.option("--target", "-t", default="gap9", show_default=True, help="Where costs are measured.")
@click.option("--cores", type=click.IntRange(min=1), help="Of the target.")
@click.option("--dtype", type=click.Choice(["fp32", "fp16"]), default="fp32", show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="So many at a time.")
@json_option
def command(
    model: Path,
    methods: tuple[str, ...],
    stream: Path,
    tests: Files,
    source: Path | None,
    marks: tuple[int, ...],
    seeds: int,
    rates: tuple[float, ...],
    optimizer: str,
    loss: str,
    target: str,
    cores: int | None,
    dtype: str,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Let MODEL learn --stream in each of the ways, on this computer, by the device's own C, and
    measure one step of each on the target. Exits with 1 if one of them failed.
    """
    import os
    import tempfile

    from odl import target as targets
    from odl.compare import RATES, Contender, Plan, compare
    from odl.compile import model_name, read_model
    from odl.errors import UsageError
    from odl.report.compare_report import print_compare, print_compare_json
    from odl.report.progress import progress

    if not marks:
        raise UsageError("--samples names no number", advice="--samples 20,100,400")
    machine = targets.load(target)
    plan = Plan(
        stream, tests, marks, seeds, rates or RATES, target, cores or machine.default_cores, dtype,
        loss, optimizer, source,
    )  # fmt: skip
    graph, jobs = read_model(model), jobs or os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory(prefix="odl-compare-") as folder,
        progress("compare", len(methods), "methods") as tell,
    ):
        contenders = [Contender(m) for m in methods]
        name = model_name(model.stem)
        found = compare(graph, name, contenders, plan, Path(folder), jobs, tell)
    (print_compare_json if as_json else print_compare)(machine, found)
    return 1 if any(o.error for o in found) else 0
