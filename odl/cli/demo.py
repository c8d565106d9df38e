"""odl demo: the main job on real data, in a simulator."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import json_option


@click.command("demo", short_help="The main job on real data, in a simulator.")
@click.option("--target", "-t", default="spike", show_default=True, help="See 'odl targets'.")
@click.option("--cores", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="Take only the first windows.")
@click.option(
    "--svg", type=click.Path(path_type=Path), default="odl-demo.svg", show_default=True,
    help="Where to draw what was learnt.",
)  # fmt: skip
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Keep the build folders in this one.",
)
@json_option
def command(
    target: str, cores: int, limit: int | None, svg: Path, output: Path | None, as_json: bool
) -> int:
    """Compile a network that tells seven exercises by a watch's movement, stream windows of
    wearers that it has never seen to a simulated device, and check every tensor. Then the wearers
    change arms, and the device learns.
    """
    import contextlib
    import tempfile

    from odl.demo.steps import demo

    with contextlib.ExitStack() as stack:
        if output is None:
            output = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="odl-demo-")))
        output.mkdir(parents=True, exist_ok=True)
        return demo(output, target, cores, limit or 0, svg, as_json)
