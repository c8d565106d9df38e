"""The command line: one file a verb, and one net that turns a failure into a line and a code."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
from typing import NoReturn

import click

from odl import __version__
from odl.errors import OdlError, printable

INTERRUPTED = 130


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
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_run(args))


def _terminate(number: int, frame: object) -> NoReturn:
    """Let context managers stop simulators and remove what is half-written."""
    sys.exit(128 + number)


def _run(args: list[str] | None) -> int:
    try:
        return int(cli.main(args, standalone_mode=False) or 0)
    except OdlError as e:
        return _fail(str(e), e.exit_code)
    except click.ClickException as e:
        return _fail(f"{e.format_message()}; see 'odl --help'", e.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as e:
        if os.environ.get("ODL_TRACEBACK"):
            raise
        fault = f"{type(e).__name__}: {e}" if str(e) else type(e).__name__
        return _fail(f"a fault of odl itself: {fault}; ODL_TRACEBACK=1 shows where", 1)


def _fail(message: str, code: int) -> int:
    click.echo(f"odl: {printable(message, 700)}", err=True)
    return code
