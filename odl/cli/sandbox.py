"""A process of its own for native parsers: what they do to it ends as one line.

ONNX's checker, shape inference, version converter and inliner and protobuf are C++ that reads what
a stranger has made. The command line forks before it imports them (some milliseconds, where a fresh
interpreter would take 0.3 s), bounds the child's memory and processor time, and stays alive itself.
This is no defence against code that a parser is made to run, only against crashes and exhaustion.
Without fork (on Windows) the work is a plain call.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from odl.cli.net import BAD_MODEL, fail

MEMORY_BYTES = 1 << 30
"""For a small model, which needs a tenth of it."""
MEMORY_PER_BYTE = 16
"""More for each byte of the model: its tensors, stages and C text are held at once."""
LARGEST_BYTES = 512 << 20
"""Of a model with its external data."""
CPU_SECONDS = 120
"""To compile a model once."""
LONG_SECONDS = 3600
"""Of verbs that compile it again and again."""
GRACE_SECONDS = 5
"""To clean up, for a child that is to end."""
LOOK_SECONDS = 0.02
"""Between looks at whether it has."""

_DONE = b"\0"
"""The last byte of a child that came to its own end; its text holds none."""
_PR_SET_PDEATHSIG = 1

with contextlib.suppress(ImportError):  # Windows has neither this nor fork
    import resource


class _OutOfTime(BaseException):
    """Nothing but the child's end catches it."""


def contained(work: Callable[[], int], model: Path, seconds: int = CPU_SECONDS) -> int:
    """The exit code of `work`, which runs in a child that may crash.

    Args:
        work: says on `sys.stderr` why it fails, and flushes what it prints, as `caught` does.
        model: the file or folder that it reads.
        seconds: of processor time that it may take.
    """
    if not hasattr(os, "fork"):
        return work()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    asked = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, asked)  # until each knows who it is
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        _live(work, sink, (_memory(model), seconds), before)
    os.close(sink)
    with _ended_with(child), os.fdopen(source, "rb") as pipe:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        said = pipe.read()
        _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code >= 0 and said.endswith(_DONE):
        if sys.stderr is not None:
            sys.stderr.write(said[:-1].decode(errors="replace"))
        return code
    if round(used.ru_utime + used.ru_stime) >= seconds:
        text = f"compiling it takes more than {seconds} s of processor time"
    else:
        text = _epitaph(code)
    return fail(f"{model.name}: {text}", BAD_MODEL)


def _memory(model: Path) -> int:
    """Bytes for the model and for the external data that is called like it."""
    size = 0
    with contextlib.suppress(OSError, ValueError):
        beside = model.parent.glob(f"{glob.escape(model.stem)}*") if model.is_file() else ()
        size = sum(f.stat().st_size for f in beside if f.is_file())
    return MEMORY_BYTES + MEMORY_PER_BYTE * min(size, LARGEST_BYTES)


def _epitaph(code: int) -> str:
    how = f"exit code {code}"
    with contextlib.suppress(ValueError):
        how = signal.Signals(-code).name
    return f"a parser crashed on it ({how}); the file is damaged or hostile"


@contextlib.contextmanager
def _ended_with(child: int) -> Iterator[None]:
    """What interrupts the parent ends the child first, which may clean up."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGTERM)
            for _ in range(round(GRACE_SECONDS / LOOK_SECONDS)):  # a machine may stand still
                if os.waitpid(child, os.WNOHANG)[0]:
                    break
                time.sleep(LOOK_SECONDS)
            else:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        raise


def _live(
    work: Callable[[], int],
    sink: int,
    bounds: tuple[int, int],
    mask: Iterable[int | signal.Signals],
) -> None:
    """The child: no way leads out of here but its end."""
    code = BAD_MODEL
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and asks once
        signal.signal(signal.SIGXCPU, _out_of_time)
        sys.stderr = os.fdopen(os.dup(sink), "w", encoding="utf-8", errors="backslashreplace")
        _confine(*bounds)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            code = work()
        except SystemExit as e:
            code = e.code if isinstance(e.code, int) else 1
        except _OutOfTime:
            return  # no _DONE: the parent sees how long it took
        except BaseException:  # with ODL_TRACEBACK
            traceback.print_exc()
            code = 1
        sys.stderr.flush()
        os.write(sink, _DONE)
    finally:
        os._exit(code)


def _out_of_time(number: int, frame: object) -> NoReturn:
    raise _OutOfTime


def _confine(memory: int, seconds: int) -> None:
    """Bound memory and time, keep no core file, silence what native code prints."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread would take memory of its own
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 2)
    for what, bound, grace in (
        (resource.RLIMIT_CORE, 0, 0),
        (
            resource.RLIMIT_DATA,
            _held() + memory,
            0,
        ),  # not AS: libraries and what is reserved are no load
        (resource.RLIMIT_CPU, seconds, GRACE_SECONDS),
    ):
        hard = resource.getrlimit(what)[1]
        hard = bound + grace if hard == resource.RLIM_INFINITY else min(bound + grace, hard)
        resource.setrlimit(what, (min(bound, hard), hard))
    with contextlib.suppress(OSError, AttributeError):  # only Linux has it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _held() -> int:
    """Bytes that the process had before, such as the stacks of another library's threads."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    return 0
