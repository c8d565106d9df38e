"""Serial ports by URL: sockets and terminals, unplugged or never there."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from odl.errors import DeviceError
from odl.run.frame import Decoder
from odl.run.link import Message
from odl.run.ports import SerialPort
from odl.run.samples import Samples
from odl.run.session import RunOptions, open_port, run
from tests.devices import Programs

SAMPLES = Samples({"x": np.ones((3, 1, 2000), np.float32)}, None)
FIRST = bytes(2)
"""What the host program reads before all else: the number of the model to serve."""
UNPLUGGED = (
    ": the device was unplugged; plug it in again; or did another program open the same port?"
)


@contextmanager
def served(programs: Programs, bytes_until_unplugged: int | None = None) -> Iterator[str]:
    """The URL of a socket that leads to the host program."""
    listener = socket.create_server(("127.0.0.1", 0))

    def bridge() -> None:
        connection, _ = listener.accept()
        streams = {"stdin": connection.fileno(), "stdout": subprocess.PIPE}
        with subprocess.Popen([programs.program], **streams) as device, connection:
            assert device.stdout is not None
            left = bytes_until_unplugged
            while data := os.read(device.stdout.fileno(), 4096):
                connection.sendall(data)
                left = None if left is None else left - len(data)
                if left is not None and left < 0:
                    connection.shutdown(socket.SHUT_RDWR)
                    device.kill()
                    return

    thread = threading.Thread(target=bridge, daemon=True)
    thread.start()
    yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
    thread.join(10)
    listener.close()


def test_a_whole_run_over_a_socket(programs: Programs) -> None:
    with served(programs) as url:
        options = RunOptions(port=url)
        with open_port(programs.projects[0], None, options) as port:
            port.write(FIRST)
            assert run(programs.projects[0], port, SAMPLES, options).ok


def test_unplugged_in_the_middle(programs: Programs) -> None:
    with served(programs, 20_000) as url:
        options = RunOptions(port=url)
        with open_port(programs.projects[0], None, options) as port:
            port.write(FIRST)
            with pytest.raises(DeviceError) as error:
                run(programs.projects[0], port, SAMPLES, options)
    assert str(error.value) == url + UNPLUGGED
    assert error.value.exit_code == 5


def test_a_terminal_that_is_unplugged() -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port = SerialPort(os.ttyname(theirs))
    os.close(theirs)
    os.write(ours, b"hello")
    assert port.read(10) == b"hello"
    port.write(b"back")
    assert os.read(ours, 10) == b"back"
    assert port.read(0.01) == b""
    os.close(ours)
    with pytest.raises(DeviceError, match="the device was unplugged"):
        port.read(10)
    port.close()


@pytest.mark.parametrize("url", ["/dev/ttyNONE", "socket://127.0.0.1:1", "nonsense://x"])
def test_a_port_that_cannot_be_opened(url: str) -> None:
    with pytest.raises(DeviceError) as error:
        SerialPort(url)
    text = str(error.value)
    assert text.startswith(f"{url}: the port cannot be opened: ")
    assert text.endswith("; is the board plugged in, and no other program using it?")


@contextmanager
def terminal(programs: Programs, unplugged_at: int = Message.BYE) -> Iterator[str]:
    """A terminal that leads to the host program; a request of one type pulls the plug."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    with subprocess.Popen([programs.program], **streams) as device:
        device.stdin.write(FIRST)

        def down() -> None:
            while data := os.read(device.stdout.fileno(), 4096):
                os.write(ours, data)

        def up() -> None:
            decoder, asked = Decoder(), -1
            while asked not in (unplugged_at, Message.BYE):
                data = os.read(ours, 4096)
                asked = max((f.type for f in decoder.feed(data)), default=-1)
                if asked != unplugged_at or asked == Message.BYE:
                    device.stdin.write(data)
            if asked != Message.BYE:
                device.kill()
            answers.join(30)
            os.close(ours)

        answers = threading.Thread(target=down, daemon=True)
        requests = threading.Thread(target=up, daemon=True)
        answers.start()
        requests.start()
        yield os.ttyname(theirs)
        requests.join(30)
    os.close(theirs)


def run_over(programs: Programs, url: str, timeout: float = 10.0) -> bool:
    options = RunOptions(port=url, timeout=timeout)
    with open_port(programs.projects[0], None, options) as port:
        return run(programs.projects[0], port, SAMPLES, options).ok


def test_a_whole_run_over_a_terminal(programs: Programs) -> None:
    with terminal(programs) as name:
        assert run_over(programs, name)


@pytest.mark.parametrize("at", [Message.HELLO, Message.RUN])
def test_a_terminal_unplugged_in_the_middle(programs: Programs, at: Message) -> None:
    """While one request is under way; the same words whichever call of pyserial notices."""
    with terminal(programs, at) as name, pytest.raises(DeviceError) as error:
        run_over(programs, name)
    assert str(error.value) == name + UNPLUGGED
    assert error.value.exit_code == 5


def test_a_port_where_nobody_answers(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(DeviceError) as error:
            run_over(programs, url, timeout=0.2)
    assert str(error.value) == (
        "hello: the device does not answer (0.2 s); is it running this program, and is this its "
        "port? --timeout gives it longer"
    )
    assert error.value.exit_code == 5


def test_a_socket_closed_at_once(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        options = RunOptions(port=url)
        with open_port(programs.projects[0], None, options) as port:
            listener.accept()[0].close()
            with pytest.raises(DeviceError) as error:
                port.read(10)
    assert str(error.value) == url + UNPLUGGED
