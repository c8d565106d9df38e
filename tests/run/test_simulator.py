"""Simulators start, fail with their own words, and leave nothing behind."""

from __future__ import annotations

import os
import selectors
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from odl.errors import DeviceError
from odl.run import simulator
from odl.run.simulator import Simulator
from odl.target import Target, load


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders appear, and should be gone again."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def running(code: str, wire: str = "stdio") -> Target:
    """A target whose simulator is a line of Python."""
    host = load("host")
    command = (sys.executable, "-c", code)
    return replace(host, name="fake", run=replace(host.run, command=command, wire=wire, needs="x"))


def start(target: Target) -> Simulator:
    return Simulator(target, Path(), Path("elf"), 1)


def test_bytes_go_both_ways_and_all_is_gone_after_close(scratch: Path) -> None:
    port = start(running("import os\nwhile b := os.read(0, 9): os.write(1, b[::-1])"))
    process = port._process
    port.write(b"abc")
    assert port.read(10) == b"cba"
    assert port.read(0.01) == b""
    port.close()
    assert process.poll() is not None
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('cannot load the program')", ": cannot load the program"),
        ("import sys; sys.exit(3)", " with exit code 3"),
    ],
)
def test_one_that_ends_tells_why(scratch: Path, code: str, said: str) -> None:
    port = start(running(code))
    with pytest.raises(DeviceError) as error:
        port.read(10)
    port.close()
    assert str(error.value) == f"fake: the simulator ended{said}"
    assert error.value.exit_code == 5
    assert list(scratch.iterdir()) == []


def test_the_last_of_many_words_is_shown() -> None:
    port = start(running("import sys\nfor i in range(999): print('line', i, file=sys.stderr)"))
    with pytest.raises(DeviceError) as error:
        port.read(10)
    port.close()
    assert str(error.value) == "fake: the simulator ended: line 998"


READS_A_BYTE = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.recv(1)
sys.exit('out of memory')
"""


def test_one_that_ends_with_bytes_unread_is_told() -> None:
    """The socket is then not at its end, but reset."""
    target = running(READS_A_BYTE, "socket")
    command = (*target.run.command, "{socket}")
    port = start(replace(target, run=replace(target.run, command=command)))
    port.write(b"more than a byte")
    with pytest.raises(DeviceError) as error:
        port.read(10)
    port.close()
    assert str(error.value) == "fake: the simulator ended: out of memory"


def test_one_that_is_no_program_of_this_machine(scratch: Path) -> None:
    program = scratch / "program"
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    target = running("")
    with pytest.raises(DeviceError) as error:
        start(replace(target, run=replace(target.run, command=(str(program),))))
    assert str(error.value) == f"fake: '{program}' cannot be started: Exec format error"
    assert list(scratch.iterdir()) == [program]


def test_what_it_has_started_is_stopped_too(tmp_path: Path) -> None:
    """Seen by a pipe that ends when the last of its writers does."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ours = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    child = f"import os, time; os.write(os.open('{pipe}', os.O_WRONLY), b'up'); time.sleep(60)"
    code = f'import subprocess, sys; subprocess.run([sys.executable, "-c", "{child}"])'
    port = start(running(code))
    with selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        assert selector.select(10)
        assert os.read(ours, 10) == b"up"
        assert not selector.select(0)
        port.close()
        assert selector.select(10)
        assert os.read(ours, 10) == b""
    os.close(ours)


def test_writing_to_one_that_has_ended_is_told() -> None:
    port = start(running("import os; os.close(0); os._exit(0)"))
    port._process.wait()
    with pytest.raises(DeviceError, match="the simulator ended with exit code 0"):
        port.write(b"x")
    port.close()


def test_one_that_is_not_installed(scratch: Path) -> None:
    target = running("")
    missing = replace(target, run=replace(target.run, command=("no-such-simulator",)))
    with pytest.raises(DeviceError) as error:
        start(missing)
    assert str(error.value) == "fake: 'no-such-simulator' is not installed; x"
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import time; time.sleep(60)", ""),
        ("import sys; sys.exit('bad option')", ": bad option"),
        ("import sys; sys.exit(3)", " with exit code 3"),
    ],
)
def test_one_that_does_not_connect(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    monkeypatch.setattr(simulator, "START_SECONDS", 0.5 if not said else 10)
    with pytest.raises(DeviceError) as error:
        start(running(code, "socket"))
    assert str(error.value) == f"fake: the simulator did not start{said}"
    assert error.value.exit_code == 5
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_nothing_is_left_when_something_else_fails(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, failure: Callable[[], BaseException]
) -> None:
    seen: list[int] = []

    def fail(self: Simulator, *_: object) -> int:
        seen.append(self._process.pid)
        raise failure()

    monkeypatch.setattr(Simulator, "_accept", fail)
    with pytest.raises(failure):  # type: ignore[arg-type]
        start(running("import time; time.sleep(60)", "socket"))
    assert list(scratch.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)
