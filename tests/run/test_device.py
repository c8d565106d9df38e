"""A device in C that is honest, and one whose answers are changed or lost on their way."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from odl.compile import Options, compile_graph
from odl.errors import DeviceError, IntegrityError, UsageError
from odl.project import Project
from odl.run.device import Device
from odl.run.frame import Decoder, Frame, encode
from odl.run.link import Link, Message, Request
from odl.run.ports import Port
from odl.run.samples import Samples
from odl.run.session import RunOptions, run
from tests.devices import CORES, Programs, host_programs
from tests.models import graph

SMALL = """small (float[1,6] x) => (float[1,6] y, float[2] k)
{ a = Relu (x)  y = Add (a, a)  k = Constant <value_floats = [1.5, -2.0]> () }"""
X = np.array([[1, -2, 3, -4, 5, -6]], np.float32)
Y = np.array([[2, 0, 6, 0, 10, 0]], np.float32)
HELLO, TENSOR, READ, RUN, COUNTERS, BYE = (
    m | Message.ANSWER
    for m in (
        Message.HELLO,
        Message.TENSOR,
        Message.READ,
        Message.RUN,
        Message.COUNTERS,
        Message.BYE,
    )
)


class Edited:
    """A port whose answers of one type are changed, or lost where `edit` says None."""

    def __init__(self, port: Port, kind: int, edit: Callable[[bytes], bytes | None]) -> None:
        self.port, self.kind, self.edit = port, kind, edit
        self.decoder = Decoder()

    def read(self, seconds: float) -> bytes:
        return b"".join(map(self._pass, self.decoder.feed(self.port.read(seconds))))

    def write(self, data: bytes) -> None:
        self.port.write(data)

    def close(self) -> None:
        self.port.close()

    def _pass(self, frame: Frame) -> bytes:
        payload = self.edit(frame.payload) if frame.type == self.kind else frame.payload
        return b"" if payload is None else encode(replace(frame, payload=payload))


class Once:
    """An edit that loses the first answer."""

    def __init__(self) -> None:
        self.lost = 0

    def __call__(self, payload: bytes) -> bytes | None:
        self.lost += 1
        return None if self.lost == 1 else payload


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    small = compile_graph(graph(SMALL), "small", Options())
    return host_programs([small], tmp_path_factory.mktemp("device"))


@pytest.fixture
def project(programs: Programs) -> Project:
    return programs.projects[0]


@pytest.fixture
def port(programs: Programs) -> Iterator[Port]:
    with programs.serve(0) as port:
        yield port


def opened(port: Port, project: Project, timeout: float = 10.0) -> Device:
    device = Device(Link(port, timeout), project)
    device.check_tensors()
    return device


def with_payload(size: int) -> Callable[[bytes], bytes]:
    """A hello with another largest payload."""
    return lambda said: said[:22] + struct.pack("<H", size) + said[24:]


# --- honest ---


@pytest.mark.parametrize("payload", [5, 7, 8, 12, 1024])
def test_tensors_go_and_come_in_pieces_of_any_size(
    port: Port, project: Project, payload: int
) -> None:
    device = opened(Edited(port, HELLO, with_payload(payload)), project)
    device.write({"x": X})
    np.testing.assert_array_equal(device.read(["x"])["x"], X)
    device.run(0, 2)
    seen = device.read(["k", "y"])
    np.testing.assert_array_equal(seen["y"], Y)
    np.testing.assert_array_equal(seen["k"], [1.5, -2])


def test_a_constant_is_not_written_and_the_device_lives(port: Port, project: Project) -> None:
    device = opened(port, project)
    with pytest.raises(DeviceError) as error:
        device.write({"k": np.zeros(2, np.float32)})
    assert str(error.value) == "write: the device refused: a constant (code 7)"
    assert error.value.exit_code == 5
    np.testing.assert_array_equal(device.read(["k"])["k"], [1.5, -2])


def test_more_cores_than_there_are(port: Port, project: Project) -> None:
    samples = Samples({"x": X[None]}, None)
    with pytest.raises(UsageError) as usage:
        run(project, port, samples, RunOptions(cores=CORES + 1))
    assert str(usage.value) == (
        f"{CORES + 1} cores, but the program was built for {CORES}; compile with --cores"
    )
    with pytest.raises(DeviceError) as error:
        run(replace(project, cores=99), port, samples, RunOptions(cores=CORES + 1))
    assert str(error.value) == "run: the device refused: no such steps or cores (code 6)"
    assert run(project, port, samples, RunOptions(cores=CORES)).ok


# --- answers lost ---


def test_a_step_in_place_shows_that_it_ran_twice(port: Port, project: Project) -> None:
    """What the next test counts on: y takes over the memory of a."""
    device = opened(port, project)
    device.write({"x": X})
    device.run(0, 2)
    device.run(1, 1)
    np.testing.assert_array_equal(device.read(["y"])["y"], 2 * Y)


def test_a_run_whose_answer_is_lost_is_not_done_again(port: Port, project: Project) -> None:
    lost = Once()
    device = opened(Edited(port, RUN, lost), project, timeout=1.0)
    device.write({"x": X})
    device.run(0, 2)
    assert lost.lost > 1
    assert device.link.repeated > 0
    np.testing.assert_array_equal(device.read(["y"])["y"], Y)


@pytest.mark.parametrize("kind", [HELLO, TENSOR, READ, COUNTERS])
def test_any_other_answer_may_be_lost(port: Port, project: Project, kind: int) -> None:
    lost = Once()
    wire = Edited(port, kind, lost)
    result = run(project, wire, Samples({"x": X[None]}, None), RunOptions(timeout=1.0))
    assert lost.lost > 1
    assert result.repeated > 0
    assert result.ok
    np.testing.assert_array_equal(result.outputs["y"], Y[None])


def test_a_lost_goodbye_costs_no_result(port: Port, project: Project) -> None:
    lost = Once()
    result = run(project, Edited(port, BYE, lost), Samples({"x": X[None]}, None), RunOptions())
    assert lost.lost == 1
    assert result.ok


# --- answers that make no sense ---


def complaint(port: Port, project: Project, kind: int, edit: Callable[[bytes], bytes]) -> str:
    """What a whole run says of a device whose answers of one type are changed."""
    samples = Samples({"x": X[None]}, None)
    with pytest.raises(IntegrityError) as error:
        run(project, Edited(port, kind, edit), samples, RunOptions())
    assert error.value.exit_code == 6
    return str(error.value)


@pytest.mark.parametrize("cut", [0, 1, 16, 23])
def test_a_hello_cut_short(port: Port, project: Project, cut: int) -> None:
    said = complaint(port, project, HELLO, lambda p: p[:cut])
    assert said == "the device's hello is too short"


@pytest.mark.parametrize("size", [0, 4, 1025, 65535])
def test_payloads_that_nothing_fits_or_no_frame_holds(
    port: Port, project: Project, size: int
) -> None:
    said = complaint(port, project, HELLO, with_payload(size))
    assert said == f"the device takes payloads of {size} bytes"


@pytest.mark.parametrize("at", [16, 18])
def test_other_numbers_of_tensors_or_steps(port: Port, project: Project, at: int) -> None:
    said = complaint(port, project, HELLO, lambda p: p[:at] + b"\x09\0" + p[at + 2 :])
    assert said == "the device's tables are not those of the manifest"


def test_the_name_of_another_program_is_made_safe(port: Port, project: Project) -> None:
    wire = Edited(port, HELLO, lambda p: bytes(16) + p[16:24] + b"\x1b[2Jx\n")
    with pytest.raises(DeviceError) as error:
        Device(Link(wire), project)
    assert str(error.value) == (
        f"{project.folder}: the device runs another program ('\\x1b[2Jx\\n', 00000000, "
        f"not {project.model_hash.hex()[:8]}); flash the one that was built from this folder"
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: b"",
        lambda p: p[:2],
        lambda p: p[:11],
        lambda p: b"\x05" + p[1:],
        lambda p: p[:2] + b"\x01" + p[3:],
        lambda p: p[:4] + b"\x09" + p[5:],
    ],
)
def test_another_tensor(port: Port, project: Project, edit: Callable[[bytes], bytes]) -> None:
    said = complaint(port, project, TENSOR, edit)
    first = project.tensors[0].name
    assert said == f"tensor '{first}': the device's tensor differs from the manifest's"


@pytest.mark.parametrize("size", [0, 1, 23, 25])
def test_another_size_than_was_read(port: Port, project: Project, size: int) -> None:
    said = complaint(port, project, READ, lambda p: (p + b"\0")[:size] if len(p) == 24 else p)
    assert said == f"tensor 'x': the device sent {size} bytes, not 24"


@pytest.mark.parametrize("size", [0, 15, 17])
def test_counters_of_another_size(port: Port, project: Project, size: int) -> None:
    said = complaint(port, project, COUNTERS, lambda p: (p + b"\0")[:size])
    assert said == "the device's counters have the wrong size"


def test_events_come_with_the_counters(port: Port, project: Project) -> None:
    counting = replace(project, target=replace(project.target, events=("whole", "part")))
    wire = Edited(port, COUNTERS, lambda p: p + struct.pack("<2Q", 1 << 40, 7))
    cost = opened(wire, counting).cost()
    assert cost.events == (1 << 40, 7)
    assert (cost - cost).events == (0, 0)


def test_a_device_that_counts_other_events(port: Port, project: Project) -> None:
    counting = replace(project, target=replace(project.target, events=("whole",)))
    with pytest.raises(IntegrityError) as error:
        opened(port, counting).cost()
    assert str(error.value) == "the device's counters have the wrong size"


def test_a_write_is_answered_with_nothing_that_matters(port: Port, project: Project) -> None:
    wire = Edited(port, Message.WRITE | Message.ANSWER, lambda p: b"thanks")
    device = opened(wire, project)
    device.write({"x": X})
    assert device.link.ask(Request(Message.READ, 0, struct.pack("<HH", 0, 24))) == X.tobytes()
