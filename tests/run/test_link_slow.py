"""A slow device behind a wire with a clock of its own: credit, attempts and time, to the byte."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odl.errors import DeviceError
from odl.run.frame import Decoder, Frame, encode
from odl.run.link import ATTEMPTS, FIRST_CREDIT, Code, Link, Message, Request, hello

HELLO = struct.pack("<16s4H", b"hash", 3, 2, 1, 1024) + b"slow"
REQUEST, ANSWER = "request", "answer"
SILENCE = (
    "hello: the device does not answer (10 s); is it running this program, and is this its port? "
    "--timeout gives it longer"
)


class SlowDevice:
    """Serves one request when it is listened to, each in `pace` seconds; READ gives `size` bytes.

    Args:
        faults: direction and number of a frame to what becomes of it: lost, damaged or doubled.
    """

    def __init__(
        self,
        faults: dict[tuple[str, int], str] | None = None,
        credit: int = 4096,
        pace: float = 0.0,
        size: int = 4,
    ) -> None:
        self.faults, self.credit, self.pace, self.size = faults or {}, credit, pace, size
        self.now, self.runs, self.most, self.served = 0.0, 0, 0, 0
        self.seen = {REQUEST: 0, ANSWER: 0}
        self.buffer: deque[bytes] = deque()  # what has arrived and is not served yet
        self.answers: deque[bytes] = deque()
        self.decoder, self.session, self.expected = Decoder(), -1, 0

    def write(self, data: bytes) -> None:
        self.buffer.append(data)
        if len(self.buffer) > 1:  # one alone may always be under way
            self.most = max(self.most, sum(map(len, self.buffer)))

    def read(self, seconds: float) -> bytes:
        if not self.buffer and not self.answers:
            self.now += seconds
            return b""
        if not self.answers:
            self.now += self.pace
            for frame in self.decoder.feed(self._fate(REQUEST, self.buffer.popleft())):
                self.serve(frame)
        return self.answers.popleft() if self.answers else b""

    def close(self) -> None:
        pass

    def say(self, frame: Frame) -> None:
        self.answers.append(self._fate(ANSWER, encode(frame)))

    def serve(self, request: Frame) -> None:
        self.served += 1
        if request.type == Message.HELLO:
            self.session, self.expected = request.session, request.seq
        behind = (self.expected - request.seq) & 0xFFFF
        again = request.type == Message.RUN and behind > 0
        if behind >= 0x8000 or (again and behind > 1):
            words = bytes([Code.SEQUENCE]) + b"out of sequence"
            self.say(self._frame(Message.ERROR, request, words, self.expected))
            return
        self.expected = (self.expected + (behind == 0)) & 0xFFFF
        self.runs += request.type == Message.RUN and not again
        answer = HELLO if request.type == Message.HELLO else bytes(self.size)
        if request.type == Message.READ:
            answer = request.argument.to_bytes(4, "little") + bytes(self.size - 4)
        self.say(self._frame(request.type | Message.ANSWER, request, answer, request.argument))

    def _frame(self, kind: int, request: Frame, payload: bytes, argument: int = 0) -> Frame:
        return Frame(kind, request.seq, self.session, self.credit, argument, payload)

    def _fate(self, direction: str, wire: bytes) -> bytes:
        fault = self.faults.get((direction, self.seen[direction]), "")
        self.seen[direction] += 1
        middle = len(wire) // 2
        damaged = wire[:middle] + bytes([wire[middle] ^ 0x10]) + wire[middle + 1 :]
        return {"lost": b"", "damaged": damaged, "doubled": wire + wire}.get(fault, wire)


@pytest.fixture
def device() -> Iterator[SlowDevice]:
    device = SlowDevice()
    with clock_of(device):
        yield device


def clock_of(device: SlowDevice) -> mock._patch[SimpleNamespace]:
    """The link takes its time from the device, so that no test waits."""
    return mock.patch("odl.run.link.time", SimpleNamespace(monotonic=lambda: device.now))


def opened(device: SlowDevice) -> Link:
    link = Link(device)
    hello(link)
    return link


def numbers(link: Link, n: int, padding: int = 0) -> list[int]:
    """The answers to n reads, whose requests are longer than they need to be."""
    asked = [Request(Message.READ, i, bytes(padding)) for i in range(n)]
    return [int.from_bytes(answer[:4], "little") for answer in link.stream(asked)]


# --- credit ---


@pytest.mark.parametrize("fault", ["", "lost", "damaged", "doubled"])
@pytest.mark.parametrize("direction", [REQUEST, ANSWER])
@pytest.mark.parametrize("credit", [0, 256, 300, 1000, 4096])
def test_no_more_is_under_way_than_the_credit(
    device: SlowDevice, credit: int, direction: str, fault: str
) -> None:
    device.credit = credit
    device.faults = {(direction, n): fault for n in (1, 17, 60)}
    assert numbers(opened(device), 100, 30) == list(range(100))
    room = max(credit, FIRST_CREDIT)
    frame = len(encode(Frame(Message.READ, payload=bytes(30))))
    assert room - frame < device.most <= room


def test_until_the_device_has_stated_its_credit_little_is_sent(device: SlowDevice) -> None:
    next(Link(device).stream([Request(Message.HELLO)] * 50))
    frame = len(encode(Frame(Message.HELLO)))
    assert FIRST_CREDIT - frame < device.most <= FIRST_CREDIT


def test_a_frame_longer_than_the_credit_goes_alone(device: SlowDevice) -> None:
    device.credit = 300
    assert numbers(opened(device), 5, 1024) == list(range(5))
    assert device.most == 0


# --- what is repeated, and how often ---


def test_a_lost_request_and_those_behind_it_are_sent_again(device: SlowDevice) -> None:
    device.faults = {(REQUEST, 5): "lost"}
    link = opened(device)
    assert numbers(link, 40) == list(range(40))
    assert link.repeated == 36
    assert device.seen[REQUEST] == 1 + 40 + 36
    assert device.now == 0, "the refusals told it; nobody had to wait"


def test_a_lost_answer_and_those_behind_it_are_asked_for_again(device: SlowDevice) -> None:
    device.faults = {(ANSWER, 5): "lost"}
    link = opened(device)
    assert numbers(link, 40) == list(range(40))
    assert link.repeated == 36
    assert device.now == 0


@pytest.mark.parametrize("direction", [REQUEST, ANSWER])
def test_a_run_is_waited_for_and_done_once(device: SlowDevice, direction: str) -> None:
    device.faults = {(direction, 1): "lost"}
    link = opened(device)
    link.ask(Request(Message.RUN))
    assert (device.runs, link.repeated) == (1, 1)
    assert device.now == pytest.approx(10 / ATTEMPTS)


def test_a_run_that_takes_its_time_is_done_once(device: SlowDevice) -> None:
    link = opened(device)
    device.pace = 9.0
    for i in range(3):
        link.ask(Request(Message.RUN))
        assert device.runs == i + 1
    device.pace = 0.0
    assert numbers(link, 40) == list(range(40))
    assert device.runs == 3


@pytest.mark.parametrize("lost", range(ATTEMPTS + 1))
def test_a_request_is_sent_four_times(device: SlowDevice, lost: int) -> None:
    device.faults = {(REQUEST, n): "lost" for n in range(lost)}
    link = Link(device)
    if lost < ATTEMPTS:
        assert hello(link).name == "slow"
        assert link.repeated == lost
        return
    with pytest.raises(DeviceError) as error:
        hello(link)
    assert str(error.value) == SILENCE
    assert error.value.exit_code == 5
    assert device.seen[REQUEST] == ATTEMPTS
    assert device.now == pytest.approx(10)


@pytest.mark.parametrize("pace", [0.09, 1.1])
def test_a_loss_on_a_slow_wire_is_waited_out(device: SlowDevice, pace: float) -> None:
    """At 115200 baud a full frame takes 0.09 s, at 9600 over a second; many are under way."""
    device.pace, device.size = pace, 1024
    device.faults = {(ANSWER, 3): "lost"}
    link = opened(device)
    assert numbers(link, 250) == list(range(250))
    assert device.most <= device.credit
    assert link.repeated < 250


def test_an_answer_for_ever_repeated_ends(device: SlowDevice) -> None:
    class Stuck(SlowDevice):
        """From its second answer on it says but one thing."""

        def read(self, seconds: float) -> bytes:
            self.now += 0.01
            said = super().read(seconds) if self.served < 3 else b""
            self.word = said if self.served == 3 and said else getattr(self, "word", b"")
            return said or self.word

    stuck = Stuck({(ANSWER, 1): "lost"})
    with clock_of(stuck):
        link = opened(stuck)
        with pytest.raises(DeviceError) as error:
            numbers(link, 40)
    assert str(error.value).startswith("read: the device does not answer (10 s); ")
    assert stuck.now < 40


# --- what else comes over the wire ---


@pytest.mark.parametrize("code", [Code.SESSION, Code.TYPE, Code.SIZE, Code.RANGE, Code.CONSTANT])
def test_a_refusal_is_shown_with_its_code(device: SlowDevice, code: Code) -> None:
    link = opened(device)
    with mock.patch.object(device, "serve") as serve:
        words = bytes([code]) + b"not \x1b[31mthis"
        serve.side_effect = lambda f: device.say(device._frame(Message.ERROR, f, words))
        with pytest.raises(DeviceError) as error:
            link.ask(Request(Message.WRITE))
    assert str(error.value) == f"write: the device refused: not \\x1b[31mthis (code {code.value})"
    assert error.value.exit_code == 5


@pytest.mark.parametrize(
    "stray",
    [
        Frame(Message.READ | Message.ANSWER, 2, session=0x10000 - 1, payload=b"no"),
        Frame(Message.READ | Message.ANSWER, 1, payload=b"no"),
        Frame(Message.READ | Message.ANSWER, 0x8002, payload=b"no"),
        Frame(Message.RUN | Message.ANSWER, 2, payload=b"no"),
        Frame(Message.READ, 2, payload=b"no"),
        Frame(Message.ERROR, 9, payload=bytes([Code.RANGE]) + b"no"),
    ],
    ids=["session", "past", "far", "type", "echo", "error"],
)
def test_what_is_not_for_this_request_is_passed_over(device: SlowDevice, stray: Frame) -> None:
    link = opened(device)
    ours = device.session if stray.session == 0 else device.session ^ stray.session
    device.answers.append(b"noise\0" + encode(Frame(**{**vars(stray), "session": ours})))
    assert link.ask(Request(Message.READ, 7)) == b"\7\0\0\0"
    assert (link.repeated, link.damaged) == (0, 1)


faults = st.dictionaries(
    st.tuples(st.sampled_from([REQUEST, ANSWER]), st.integers(0, 60)),
    st.sampled_from(["lost", "damaged", "doubled"]),
    max_size=ATTEMPTS - 1,
)


@given(faults, st.integers(0, 40), st.integers(0, 600), st.integers(0, 5000), st.floats(0, 2))
def test_fewer_faults_than_attempts_change_nothing(
    faults: dict[tuple[str, int], str], n: int, padding: int, credit: int, pace: float
) -> None:
    device = SlowDevice(faults, credit, pace)
    with clock_of(device):
        link = opened(device)
        for i in range(2):
            assert numbers(link, n, padding) == list(range(n))
            link.ask(Request(Message.RUN))
            assert device.runs == i + 1
