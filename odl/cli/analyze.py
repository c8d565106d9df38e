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
    from odl.compile import compile_model, memory_trade
    from odl.plan.plan import check_fit
    from odl.report.analysis import analysis_data, print_analysis
    from odl.report.console import print_json

    options = asked.options()
    compiled = compile_model(model, options)
    trade = memory_trade(model, options) if options.train and not options.ram else []
    show = compiled.program, compiled.target, compiled.single, trade
    if as_json:
        print_json(analysis_data(*show))
    else:
        print_analysis(*show)
    check_fit(compiled.program, compiled.target, options.ram)
