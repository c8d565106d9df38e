"""odl tune: the layout, kernels and tiles that are fastest on the target's simulator."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import Asked, compile_options, json_option, many_times_argument


@click.command("tune", short_help="Measure layouts, kernels and tiles; keep the fastest.")
@many_times_argument
@compile_options
@click.option(
    "--cuts", type=click.IntRange(1, 32), default=4, show_default=True,
    help="Ways to cut each call into tiles that are tried.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="[default: MODEL.tuned.json]")
@json_option
def command(model: Path, asked: Asked, cuts: int, output: Path | None, as_json: bool) -> None:
    """Run MODEL, compiled with these options, in many ways on the target's simulator.

    The choices go to a file, which 'odl compile --tuned FILE' takes.
    """
    from odl.plan.tuned_file import write_tuned
    from odl.report.console import print_json
    from odl.tune import tune

    tuned = tune(model, asked.options(), cuts, lambda text: click.echo(text, err=True))
    path = output or model.with_name(f"{model.name}.tuned.json")
    write_tuned(path, tuned.tuning)
    if as_json:
        print_json(
            {
                "default": tuned.default,
                "tuned": tuned.best,
                "rounds": tuned.rounds,
                "changed": tuned.changed,
                "layout": tuned.tuning.layout,
                "file": str(path),
            }
        )
        return
    click.echo(
        f"{path}: {tuned.best:,} after {tuned.rounds} rounds, {tuned.default / tuned.best:.3f} "
        f"times as fast as by estimate ({tuned.default:,}); layout {tuned.tuning.layout}, "
        f"{tuned.changed} nodes changed"
    )
    click.echo(f"next: odl compile {model} --tuned {path} and the same options")
