"""odl analyze: what a model needs on a target, before anything is built."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import Asked, compile_options, json_option, model_argument


@click.command("analyze", short_help="MACs, parameters, flash, RAM peak and who makes it.")
@model_argument
@compile_options
@json_option
def command(
    model: Path,
    asked: Asked,
    as_json: bool,
) -> None:
    """Plan MODEL for a target and show what it costs; exits with 4 if it does not fit."""
    from odl.compile import compile_model
    from odl.plan.plan import check_fit
    from odl.report.analysis import analysis_data, print_analysis
    from odl.report.console import print_json

    compiled = compile_model(model, asked.options())
    if as_json:
        print_json(analysis_data(compiled.program, compiled.target, compiled.single))
    else:
        print_analysis(compiled.program, compiled.target, compiled.single)
    check_fit(compiled.program, compiled.target)
