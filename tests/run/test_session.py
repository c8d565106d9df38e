"""The session that runs on devices, C under sanitizers: bad wires, wrong models, wrong requests."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest

from odl.errors import DeviceError, IntegrityError
from odl.result import Result
from odl.run.device import Device
from odl.run.frame import Decoder, Frame, encode
from odl.run.link import Code, Link, Message, Request, hello
from odl.run.ports import Port
from odl.run.samples import Samples
from odl.run.session import RunOptions, run
from tests.devices import Programs

X = np.random.default_rng(0).standard_normal((3, 1, 2000)).astype(np.float32)


class BadWire:
    """Loses, flips and doubles what passes, one piece in so many."""

    def __init__(self, port: Port, seed: int, one_in: int) -> None:
        self._port, self._rng, self._one_in = port, random.Random(seed), one_in

    def read(self, seconds: float) -> bytes:
        return self._spoil(self._port.read(seconds))

    def write(self, data: bytes) -> None:
        self._port.write(self._spoil(data))

    def close(self) -> None:
        self._port.close()

    def _spoil(self, data: bytes) -> bytes:
        if not data or self._rng.randrange(self._one_in):
            return data
        at = self._rng.randrange(len(data))
        return self._rng.choice(
            [b"", data[:at], data[:at] + b"\x55" + data[at + 1 :], data + data, b"\0\1" + data]
        )


def run_over(programs: Programs, port: Port, timeout: float = 10.0) -> Result:
    samples = Samples({"x": X}, None)
    return run(programs.projects[0], port, samples, RunOptions(timeout=timeout))


@pytest.mark.parametrize("seed", range(4))
def test_a_bad_wire_changes_nothing(programs: Programs, seed: int) -> None:
    with programs.serve(0) as port:
        clean = run_over(programs, port)
    with programs.serve(0) as port:
        spoiled = run_over(programs, BadWire(port, seed, 25), timeout=1.0)
    assert spoiled.repeated > 0
    assert clean.repeated == 0
    assert spoiled.ok
    assert spoiled.outputs["y"].tobytes() == clean.outputs["y"].tobytes()


def test_another_model_is_refused(programs: Programs) -> None:
    first, second = programs.projects
    with programs.serve(1) as port, pytest.raises(DeviceError) as error:
        run_over(programs, port)
    assert str(error.value) == (
        f"{first.folder}: the device runs another program ('second', "
        f"{second.model_hash.hex()[:8]}, not {first.model_hash.hex()[:8]}); "
        "flash the one that was built from this folder"
    )
    assert error.value.exit_code == 5


def test_a_restart_in_the_middle_is_noticed(programs: Programs) -> None:
    class Restarting:
        """The device behind it is a fresh one after a while."""

        def __init__(self, before: Port, after: Port) -> None:
            self.ports, self.sent = [before, after], 0

        def write(self, data: bytes) -> None:
            self.sent += 1
            self.ports[self.sent > 20].write(data)

        def read(self, seconds: float) -> bytes:
            return self.ports[self.sent > 20].read(seconds)

        def close(self) -> None:
            pass

    with (
        programs.serve(0) as before,
        programs.serve(0) as after,
        pytest.raises(DeviceError) as error,
    ):
        run_over(programs, Restarting(before, after))
    assert str(error.value).endswith(
        "the device refused: no such session: the device has restarted (code 2)"
    )


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (Request(Message.TENSOR, 99), Code.RANGE),
        (Request(Message.READ, 0, struct.pack("<HH", 99, 4)), Code.RANGE),
        (Request(Message.READ, 7999, struct.pack("<HH", 0, 4)), Code.RANGE),
        (Request(Message.READ, 0xFFFFFFFF, struct.pack("<HH", 0, 4)), Code.RANGE),
        (Request(Message.READ, 0, struct.pack("<HH", 0, 2000)), Code.SIZE),
        (Request(Message.READ, 0, b"\0"), Code.SIZE),
        (Request(Message.WRITE, 7998, struct.pack("<HH", 0, 0) + bytes(4)), Code.RANGE),
        (Request(Message.WRITE, 0xFFFFFFFE, struct.pack("<HH", 0, 0) + bytes(4)), Code.RANGE),
        (Request(Message.RUN, 0, struct.pack("<4H", 0, 4, 0, 0)), Code.RANGE),
        (Request(Message.RUN, 0, struct.pack("<4H", 0xFFFF, 0xFFFF, 0, 0)), Code.RANGE),
        (Request(Message.RUN, 0, struct.pack("<4H", 0, 1, 99, 0)), Code.RANGE),
        (Request(Message.RUN, 0, b"short"), Code.SIZE),
        (Request(Message.HELLO, 0, b"long"), Code.SIZE),
    ],
)
def test_a_wrong_request_is_refused_and_the_device_lives(
    programs: Programs, request_: Request, code: Code
) -> None:
    with programs.serve(0) as port:
        link = Link(port)
        hello(link)
        with pytest.raises(DeviceError, match=rf"\(code {code.value}\)$"):
            link.ask(request_)
        again = Device(Link(port), programs.projects[0])
        again.check_tensors()
        again.close()


def answers(port: Port, *frames: Frame) -> list[Frame]:
    """What a device says to frames that are written as they are."""
    decoder, got = Decoder(), []
    for frame in frames:
        port.write(encode(frame))
        while not (came := decoder.feed(port.read(10))):
            pass
        got += came
    return got


@pytest.mark.parametrize("kind", [0x00, 0x08, 0x7F, 0x81, 0xFF])
def test_an_unknown_request_is_refused(programs: Programs, kind: int) -> None:
    with programs.serve(0) as port:
        _, said = answers(port, Frame(Message.HELLO, 1, 5), Frame(kind, 2, 5))
    assert said.type == Message.ERROR
    assert said.payload == bytes([Code.TYPE]) + b"unknown request"


def test_another_version_is_answered_with_ones_own(programs: Programs) -> None:
    with programs.serve(0) as port:
        (said,) = answers(port, Frame(Message.HELLO, 1, 5, version=1))
    assert (said.type, said.argument, said.version) == (Message.ERROR, 2, 2)
    assert said.payload == bytes([Code.VERSION]) + b"protocol version"


def test_requests_out_of_order_are_refused(programs: Programs) -> None:
    step = struct.pack("<4H", 0, 1, 0, 0)
    with programs.serve(0) as port:
        said = answers(
            port,
            Frame(Message.HELLO, 1, 5),
            Frame(Message.COUNTERS, 3, 5),
            Frame(Message.RUN, 2, 5, payload=step),
            Frame(Message.RUN, 2, 5, payload=step),
            Frame(Message.COUNTERS, 3, 5),
            Frame(Message.RUN, 2, 5, payload=step),
        )
    kinds = [f.type for f in said]
    again = Message.RUN | Message.ANSWER
    counted = Message.COUNTERS | Message.ANSWER
    assert kinds == [0x81, Message.ERROR, again, again, counted, Message.ERROR]
    assert said[1].payload == bytes([Code.SEQUENCE]) + b"out of sequence"
    assert (said[1].argument, said[5].argument) == (2, 4)


def test_a_manifest_of_another_build_is_noticed(programs: Programs) -> None:
    from dataclasses import replace

    project = programs.projects[0]
    with programs.serve(0) as port, pytest.raises(IntegrityError) as error:
        Device(Link(port), replace(project, steps=project.steps[:-1]))
    assert str(error.value) == "the device's tables are not those of the manifest"
    changed = (replace(project.tensors[0], shape=(1, 1999)), *project.tensors[1:])
    with programs.serve(0) as port, pytest.raises(IntegrityError) as error:
        Device(Link(port), replace(project, tensors=changed)).check_tensors()
    assert str(error.value) == "tensor 'x': the device's tensor differs from the manifest's"


def test_the_program_ends_when_its_link_does(programs: Programs) -> None:
    import subprocess

    done = subprocess.run([programs.program], input=bytes(2), capture_output=True, timeout=30)
    assert done.returncode == 0
    assert done.stdout == b""


def test_cost_counts_runs(programs: Programs, tmp_path: Path) -> None:
    with programs.serve(0) as port:
        device = Device(Link(port), programs.projects[0])
        before = device.cost()
        assert before.critical == before.total == 0
        device.run(0, 3)
        once = device.cost()
        assert 0 < once.critical <= once.total
        assert device.cost() == once, "asking changes nothing"
        device.close()
