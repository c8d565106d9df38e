"""odl view: a stage of a compiled model in Netron."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import folder_argument


@click.command("view", short_help="Open a stage of a build folder in Netron.")
@folder_argument
@click.option("--stage", default="canonical", show_default=True, help="Stage to show.")
@click.option("--port", default=0, help="Of the local server; 0 picks a free one.")
@click.option("--no-browser", is_flag=True, help="Only serve.")
def command(folder: Path, stage: str, port: int, no_browser: bool) -> None:
    """Serve the graph of a stage to a browser on this machine, and to no other.

    The stages are 'imported' and 'canonical'; 'odl compile --save-stages' keeps those between.
    """
    from odl.errors import DeviceError, UsageError
    from odl.project import read

    project = read(folder)
    stages = sorted(p.stem for p in project.folder.glob("*.onnx"))
    if stage not in stages:
        raise UsageError(
            f"there is no stage '{stage}' here",
            where=str(folder),
            advice=f"there are: {', '.join(stages)}; --save-stages keeps all",
        )
    try:
        import netron
    except ImportError as e:
        raise DeviceError("Netron is not installed", advice="pip install 'odl-mcu[view]'") from e
    path = project.folder / f"{stage}.onnx"
    netron.start(str(path), address=("127.0.0.1", port), browse=not no_browser)
    click.echo("for this machine only; Ctrl-C ends it")
    netron.wait()
