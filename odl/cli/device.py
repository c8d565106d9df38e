"""Options of verbs that talk to a device, and the device that they mean."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odl.cli.options import define_option, toolchain_option

if TYPE_CHECKING:
    from odl.build.build import Image
    from odl.project import Project
    from odl.run.device import Device
    from odl.run.session import RunOptions

Verb = Callable[..., int | None]


@dataclass(frozen=True)
class Asked:
    """What the options of `device_options` were given."""

    port: str
    baud: int
    cores: int | None
    timeout: float
    toolchain: str
    defines: tuple[str, ...]

    def options(self, verify: bool = True) -> RunOptions:
        """The same, as sessions take it."""
        from odl.run.session import RunOptions

        return RunOptions(self.port, self.baud, self.cores or 0, self.timeout, verify)

    def image(self, project: Project) -> Image | None:
        """The program for the simulator, built if need be; None for a board."""
        from odl.build.build import build

        return None if self.port else build(project, self.toolchain, self.defines)

    @contextmanager
    def connect(self, project: Project, image: Image | None = None) -> Iterator[Device]:
        """The device, known to run the project's program; it is told the end."""
        from odl.run.session import connect, open_port

        options, built = self.options(), image or self.image(project)
        with open_port(project, Path(built.elf) if built else None, options) as port:
            device = connect(project, port, options)
            yield device
            device.close()


def device_options(timeout: float = 10.0) -> Callable[[Verb], Verb]:
    """What decides where a program runs, given to the verb as one `Asked` by the name `at`."""
    options = (
        click.option(
            "--port", default="", help="Of a board: /dev/ttyUSB0, socket://HOST:PORT, ..."
        ),
        click.option("--baud", default=115200, show_default=True, help="Of a serial port."),
        click.option("--cores", type=click.IntRange(min=1), help="Cores that take part."),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0.1),
            default=timeout,
            show_default=True,
            help="Seconds to wait for an answer.",
        ),
        toolchain_option,
        define_option,
    )
    names = [field.name for field in fields(Asked)]

    def decorate(f: Verb) -> Verb:
        @functools.wraps(f)
        def verb(**given: Any) -> int | None:
            return f(at=Asked(**{name: given.pop(name) for name in names}), **given)

        decorated: Verb = verb
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
