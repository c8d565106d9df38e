"""The link recovers what the wire loses, keeps to the credit, and never hangs."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odl.errors import DeviceError
from odl.run.frame import Frame
from odl.run.link import Hello, Link, Message, Request, hello
from tests.run.fake_device import HASH, FakeDevice

QUICK = 0.4


def reads(n: int) -> list[Request]:
    return [Request(Message.READ, i, bytes(i % 200)) for i in range(n)]


def numbers(link: Link, n: int) -> list[int]:
    return [struct.unpack("<I", answer)[0] for answer in link.stream(reads(n))]


def opened(device: FakeDevice, timeout: float = QUICK) -> Link:
    link = Link(device, timeout)
    hello(link)
    return link


def failure(device: FakeDevice) -> str:
    with pytest.raises(DeviceError) as error:
        opened(device)
    assert error.value.exit_code == 5
    return str(error.value)


class Loses:
    """Loses the frames of one direction whose turn is in `turns`."""

    def __init__(self, direction: str, *turns: int) -> None:
        self.direction, self.turns, self.seen = direction, turns, -1

    def __call__(self, wire: bytes, direction: str) -> bytes:
        if direction != self.direction:
            return wire
        self.seen += 1
        return b"" if self.seen in self.turns else wire


def test_hello_tells_what_the_device_is() -> None:
    assert hello(Link(FakeDevice())) == Hello(HASH, 3, 2, 8, 1024, "fake")


@pytest.mark.parametrize("direction", ["request", "answer"])
@pytest.mark.parametrize("turns", [(0,), (1,), (5, 6), (3, 9, 20), (39,)])
def test_a_lost_frame_is_sent_again(direction: str, turns: tuple[int, ...]) -> None:
    link = opened(FakeDevice(Loses(direction, *turns)))
    assert numbers(link, 40) == list(range(40))
    assert link.repeated > 0


def test_without_losses_nothing_is_repeated() -> None:
    link = opened(FakeDevice())
    assert numbers(link, 100) == list(range(100))
    assert link.repeated == link.damaged == 0


@pytest.mark.parametrize("direction", ["request", "answer"])
def test_a_run_is_done_once(direction: str) -> None:
    device = FakeDevice(Loses(direction, 1))
    opened(device).ask(Request(Message.RUN))
    assert device.runs == 1


@pytest.mark.parametrize("credit", [300, 600, 4096])
def test_the_credit_is_kept(credit: int) -> None:
    device = FakeDevice(credit=credit)
    assert numbers(opened(device), 60) == list(range(60))
    assert device.most_under_way <= credit


@given(st.integers(0, 2**32), st.floats(0, 0.15))
@settings(max_examples=25, deadline=None)
def test_any_bad_wire_delivers_all_answers_in_order(seed: int, rate: float) -> None:
    rng = random.Random(seed)

    def spoil(wire: bytes, direction: str) -> bytes:
        kind = rng.random() / max(rate, 1e-9)
        if kind < 0.4:
            return b""
        if kind < 0.7:
            at = rng.randrange(len(wire))
            return wire[:at] + bytes([wire[at] ^ 1 << rng.randrange(8)]) + wire[at + 1 :]
        if kind < 0.85:
            return wire * 2
        return rng.randbytes(9) + wire if kind < 1 else wire

    link = Link(FakeDevice(spoil), timeout=0.04)
    done: list[int] = []
    while len(done) < 30:  # a wire that loses all attempts at once ends a link, not a device
        try:
            hello(link)
            done += numbers(link, 30)
        except DeviceError as e:
            assert str(e).split(": ")[1].startswith("the device does not answer")  # noqa: PT017
            link, done = Link(link._port, timeout=0.04), []
    assert done == list(range(30))


def test_sequence_numbers_wrap() -> None:
    link = opened(FakeDevice())
    link._next = 0xFFF0
    link._port._expected = 0xFFF0  # type: ignore[attr-defined]
    assert numbers(link, 60) == list(range(60))


def test_silence_ends() -> None:
    assert failure(FakeDevice(lambda wire, direction: b"")) == (
        f"hello: the device does not answer ({QUICK:g} s); is it running this program, "
        "and is this its port? --timeout gives it longer"
    )


def test_an_echo_is_no_answer() -> None:
    class Echo(FakeDevice):
        def _serve(self, request: Frame) -> None:
            self.say(request)

    assert failure(Echo()).startswith("hello: the device does not answer")


def test_boot_noise_is_passed_over() -> None:
    device = FakeDevice()
    device._answers.append(b"boot v1.2\r\n\0\xff\xfe garbage")
    assert numbers(opened(device), 3) == [0, 1, 2]


def test_another_protocol_is_told() -> None:
    assert failure(FakeDevice(version=7)) == (
        "the device speaks version 7 of the protocol, this odl version 2; "
        "flash a program that this odl has compiled"
    )


def test_a_restarted_device_is_noticed() -> None:
    device = FakeDevice()
    link = opened(device)
    device._session = -1 & 0xFFFF
    device._expected = 0
    if link._session == device._session:
        device._session = 1
    with pytest.raises(DeviceError) as error:
        link.ask(Request(Message.RUN))
    assert str(error.value) == "run: the device refused: refused (code 2)"


def test_a_trap_is_shown_safely() -> None:
    device = FakeDevice()
    link = opened(device)
    device.say(Frame(Message.ERROR, payload=b"\x08hart 3: \x1b[2J trap"))
    with pytest.raises(DeviceError) as error:
        link.ask(Request(Message.RUN))
    assert str(error.value) == "the device stopped: hart 3: \\x1b[2J trap"
