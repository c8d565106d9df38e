"""The command line: one file a verb, and one net that turns a failure into a line and a code."""

from __future__ import annotations

import importlib
import pkgutil
import signal
import sys
from typing import NoReturn

import click

from odl import __version__
from odl.cli.net import caught


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="odl")
def cli() -> None:
    """Compile a small network to C for a RISC-V microcontroller, run it, and check every tensor.

    Exit codes: 0 ok, 1 a check failed, 2 usage, 3 bad model or data, 4 does not fit, 5 device or
    link, 6 integrity, 130 interrupted.
    """


for _info in pkgutil.iter_modules(__path__):
    _verb = importlib.import_module(f"{__name__}.{_info.name}")
    if hasattr(_verb, "command"):
        cli.add_command(_verb.command)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line, with what reads models in a process of its own, and exit."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_run(args, contain=True))


def _terminate(number: int, frame: object) -> NoReturn:
    """Let context managers stop simulators and remove what is half-written."""
    signal.signal(number, signal.SIG_IGN)  # once is enough
    sys.exit(128 + number)


def _run(args: list[str] | None, contain: bool = False) -> int:
    return caught(lambda: cli.main(args, standalone_mode=False, obj=contain))
