"""Simulators as ports: started with the program, stopped with the port, and never left behind."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from odl.errors import DeviceError
from odl.programs import find_program
from odl.run.plugin import plugin_file
from odl.target import Target

START_SECONDS = 10
READ_BYTES = 65536
LOG_BYTES = 2000
"""Of the end of what it has written to stderr."""


class Simulator:
    """A running program of a target whose link is standard streams or a socket."""

    def __init__(self, target: Target, folder: Path, elf: Path, cores: int) -> None:
        """Start it.

        Args:
            folder: the build folder, where the target's device tree template stands.
            cores: how many the simulated machine has.

        Raises:
            DeviceError: the simulator is not installed or does not start.
        """
        self._name = target.name
        self._cleanup = contextlib.ExitStack()
        scratch = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="odl-")))
        self._log = self._cleanup.enter_context((scratch / "stderr").open("w+b"))
        try:
            words = {
                "elf": elf,
                "cores": cores,
                "isa": target.run.isa,
                "socket": scratch / "link",
                "dtb": scratch / "device.dtb",
                "plugin": plugin_file(target) if target.run.plugin else "",
            }
            if target.run.dts:
                template = folder / "target" / target.run.dts
                tree = _device_tree(template, cores=cores, isa=target.run.isa)
                words["dtb"].write_bytes(tree)  # type: ignore[attr-defined]
            command = [part.format(**words) for part in target.run.command]
            self._start(_located(command, target), target.run.wire, scratch)
        except BaseException:
            self._cleanup.close()
            raise

    def _start(self, command: list[str], wire: str, scratch: Path) -> None:
        streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        listener: socket.socket | None = None
        if wire == "socket":
            streams = {"stdin": subprocess.DEVNULL, "stdout": self._log}
            listener = self._cleanup.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(scratch / "link"))
            listener.listen(1)
        try:
            self._process = subprocess.Popen(
                command, cwd=scratch, stderr=self._log, bufsize=0, start_new_session=True, **streams
            )
        except OSError as e:
            raise DeviceError(
                f"'{command[0]}' cannot be started: {e.strerror}", where=self._name
            ) from e
        self._cleanup.callback(self._kill)
        if listener is not None:
            self._in = self._out = self._accept(listener)
        else:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._in, self._out = self._process.stdout.fileno(), self._process.stdin.fileno()
        self._ready = self._cleanup.enter_context(selectors.DefaultSelector())
        self._ready.register(self._in, selectors.EVENT_READ)

    def _accept(self, listener: socket.socket) -> int:
        """The simulator's end of the link, once it has connected."""
        listener.settimeout(0.1)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                self._cleanup.callback(connection.close)
                connection.setblocking(True)
                return connection.fileno()
        raise self._gone("the simulator did not start")

    def read(self, seconds: float) -> bytes:
        if not self._ready.select(seconds):
            return b""
        try:
            data = os.read(self._in, READ_BYTES)
        except OSError as e:  # a socket that is closed with bytes unread
            raise self._gone("the simulator ended") from e
        if not data:
            raise self._gone("the simulator ended")
        return data

    def write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except OSError as e:
            raise self._gone("the simulator ended") from e

    def close(self) -> None:
        self._cleanup.close()

    def _gone(self, what: str) -> DeviceError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - LOG_BYTES))
        words = self._log.read(LOG_BYTES).decode(errors="replace").strip().splitlines()
        code = self._process.poll()
        said = f": {words[-1]}" if words else "" if code is None else f" with exit code {code}"
        return DeviceError(f"{what}{said}", where=self._name)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def _located(command: list[str], target: Target) -> list[str]:
    path = find_program(command[0])
    if path is None:
        raise DeviceError(
            f"'{command[0]}' is not installed", where=target.name, advice=target.run.needs
        )
    return [path, *command[1:]]


def _device_tree(template: Path, **facts: Any) -> bytes:
    """The flattened device tree of the machine that `facts` describe."""
    try:
        import fdt
    except ImportError as e:
        raise DeviceError("'fdt' is not installed", advice="pip install 'odl-mcu[sim]'") from e
    import jinja2

    text = jinja2.Template(template.read_text(encoding="utf-8")).render(facts)
    return bytes(fdt.parse_dts(text).to_dtb(version=17))
