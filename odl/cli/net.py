"""The net under every verb: a failure becomes one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import click

from odl.errors import OdlError, printable

INTERRUPTED = 130
BAD_MODEL = 3


def caught(work: Callable[[], int | None]) -> int:
    """The exit code of `work`; what it raises is said on standard error."""
    try:
        code = int(work() or 0)
        if sys.stdout is not None:  # what cannot be written must be said here, too
            sys.stdout.flush()
        return code
    except OdlError as e:
        return fail(str(e), e.exit_code)
    except click.ClickException as e:
        return fail(f"{e.format_message()}; see 'odl --help'", e.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except MemoryError:
        return fail("the model or its data need more memory than there is", BAD_MODEL)
    except Exception as e:
        if os.environ.get("ODL_TRACEBACK"):
            raise
        fault = f"{type(e).__name__}: {e}" if str(e) else type(e).__name__
        return fail(f"a fault of odl itself: {fault}; ODL_TRACEBACK=1 shows where", 1)


def fail(message: str, code: int) -> int:
    """Say the line; the code again."""
    click.echo(f"odl: {printable(message, 700)}", err=True)
    return code
