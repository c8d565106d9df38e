"""Progress: a bar on a terminal, a line now and then elsewhere, always on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINE_SECONDS = 10.0


@contextmanager
def progress(title: str, total: int, unit: str = "samples") -> Iterator[Callable[[int], None]]:
    """A function that is told how many of `total` are done."""
    if not sys.stderr.isatty():
        yield _lines(title, total, unit)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, markup=False), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def _lines(title: str, total: int, unit: str) -> Callable[[int], None]:
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last > LINE_SECONDS:
            last = time.monotonic()
            print(f"{title}: {done} of {total} {unit}", file=sys.stderr, flush=True)

    return tell
