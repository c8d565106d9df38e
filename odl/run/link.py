"""Requests and answers over a port: numbered, bounded by credit, repeated when a frame is lost."""

from __future__ import annotations

import secrets
import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from odl.errors import DeviceError, IntegrityError, printable
from odl.run.frame import VERSION, Decoder, Frame, encode
from odl.run.ports import Port

ATTEMPTS = 4
"""How often a request is sent before its answer is given up."""
FIRST_CREDIT = 256
"""Bytes under way until the device has stated its own credit."""


class Message(IntEnum):
    """Types of frames (enum odl_message in firmware/include/odl/session.h)."""

    HELLO = 0x01
    TENSOR = 0x02
    WRITE = 0x03
    RUN = 0x04
    READ = 0x05
    COUNTERS = 0x06
    BYE = 0x07
    ANSWER = 0x80
    ERROR = 0xFF


class Code(IntEnum):
    """Reasons of an ERROR (enum odl_error in firmware/include/odl/session.h)."""

    VERSION = 1
    SESSION = 2
    SEQUENCE = 3
    TYPE = 4
    SIZE = 5
    RANGE = 6
    CONSTANT = 7
    TRAP = 8


@dataclass(frozen=True)
class Request:
    """What is asked; seq, session and credit are the link's business."""

    type: Message
    argument: int = 0
    payload: bytes = b""


@dataclass
class _Sent:
    seq: int
    request: Request
    wire: bytes


class Link:
    """A session with one device.

    Args:
        port: the wire; the caller closes it.
        timeout: seconds after which a device that does not answer is given up.
    """

    def __init__(self, port: Port, timeout: float = 10.0) -> None:
        self._port, self._timeout = port, timeout
        self._decoder = Decoder()
        self._arrived: deque[Frame] = deque()
        self._session = secrets.randbits(16)
        self._next = 1
        self._credit = FIRST_CREDIT
        self._under_way: deque[_Sent] = deque()
        self._twice = 0  # repetitions whose answers may still come
        self.repeated = 0
        """Requests that were sent again."""

    @property
    def damaged(self) -> int:
        """Frames that arrived damaged."""
        return self._decoder.dropped

    def ask(self, request: Request) -> bytes:
        """The payload of the answer to one request.

        Raises:
            DeviceError: no answer, a refusal, another protocol, or the wire is gone.
        """
        return next(self.stream([request]))

    def stream(self, requests: list[Request]) -> Iterator[bytes]:
        """The answers' payloads in order, with as many requests under way as the credit allows."""
        waiting = deque(requests)
        self._under_way.clear()
        while waiting or self._under_way:
            while waiting and self._fits(encoded := self._number(waiting[0])):
                waiting.popleft()
                self._next = (self._next + 1) & 0xFFFF
                self._under_way.append(encoded)
                self._port.write(encoded.wire)
            yield self._answer()

    def _number(self, request: Request) -> _Sent:
        wire = encode(
            Frame(
                type=request.type,
                seq=self._next,
                session=self._session,
                argument=request.argument,
                payload=request.payload,
            )
        )
        return _Sent(self._next, request, wire)

    def _fits(self, new: _Sent) -> bool:
        return (
            sum(len(s.wire) for s in (*self._under_way, new)) <= self._credit or not self._under_way
        )

    def _answer(self) -> bytes:
        """Wait for the answer to the oldest request; whatever was lost is sent again."""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._repeat()
            end = self._deadline()
            while (frame := self._receive(end)) is not None:
                verdict = self._judge(frame)
                if verdict is None:
                    end = self._deadline() if self._is_repetition(frame) else end
                    continue
                if not verdict:
                    self._drain(frame)
                    break
                self._credit = max(frame.credit, FIRST_CREDIT)
                self._under_way.popleft()
                return frame.payload
        raise DeviceError(
            f"the device does not answer ({self._timeout:g} s)",
            where=self._under_way[0].request.type.name.lower(),
            advice="is it running this program, and is this its port? --timeout gives it longer",
        )

    def _receive(self, end: float) -> Frame | None:
        """The next intact frame, or None when time is up."""
        while not self._arrived:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self._arrived.extend(self._decoder.feed(self._port.read(left)))
        return self._arrived.popleft()

    def _judge(self, frame: Frame) -> bool | None:
        """True: the answer; False: something was lost; None: not for us."""
        oldest = self._under_way[0]
        if frame.version != VERSION:
            raise _other_version(frame.version)
        if frame.type == Message.ERROR:
            return self._refused(frame)
        if frame.session != self._session or not frame.type & Message.ANSWER:
            return None
        ahead = (frame.seq - oldest.seq) & 0xFFFF
        if ahead == 0 and frame.type == oldest.request.type | Message.ANSWER:
            return True
        return False if 0 < ahead < len(self._under_way) else None

    def _refused(self, frame: Frame) -> bool | None:
        code, text = (frame.payload[0], frame.payload[1:]) if frame.payload else (0, b"")
        words = printable(text.decode("latin-1"))
        if code == Code.TRAP:
            raise DeviceError(f"the device stopped: {words}")
        asked = next((s for s in self._under_way if s.seq == frame.seq), None)
        if asked is None:
            return None
        if code == Code.SEQUENCE:
            return False
        if code == Code.VERSION:
            raise _other_version(frame.argument)
        raise DeviceError(
            f"the device refused: {words} (code {code})", where=asked.request.type.name.lower()
        )

    def _deadline(self) -> float:
        """The end of one attempt that begins now."""
        return time.monotonic() + self._timeout / ATTEMPTS

    def _drain(self, frame: Frame | None) -> None:
        """Wait until the youngest request is answered, so that repeating keeps to the credit.

        A slow wire takes longer than one attempt to bring all that is under way, so each answer
        moves the deadline: but only once, lest a babbling device hold us for ever.
        """
        due = {s.seq for s in self._under_way}
        end = self._deadline()
        while frame is not None and frame.seq != self._under_way[-1].seq:
            if self._judge(frame) is not None and frame.seq in due:
                due.remove(frame.seq)
                end = self._deadline()
            frame = self._receive(end)

    def _is_repetition(self, frame: Frame) -> bool:
        """Whether it answers what was sent twice: a slow device is busy with it, but alive."""
        if frame.session != self._session or self._twice == 0:
            return False
        self._twice -= 1
        return True

    def _repeat(self) -> None:
        for sent in self._under_way:
            self._port.write(sent.wire)
        self.repeated += len(self._under_way)
        self._twice += len(self._under_way)


def _other_version(version: int) -> DeviceError:
    return DeviceError(
        f"the device speaks version {version} of the protocol, this odl version {VERSION}",
        advice="flash a program that this odl has compiled",
    )


@dataclass(frozen=True)
class Hello:
    """What a device says of itself."""

    model_hash: bytes
    tensors: int
    steps: int
    cores: int
    payload: int
    """Largest payload that it takes, in bytes."""
    name: str


def hello(link: Link) -> Hello:
    """Open the session.

    Raises:
        DeviceError: nobody answers, or not in this protocol.
        IntegrityError: the answer makes no sense.
    """
    answer = link.ask(Request(Message.HELLO))
    try:
        tensors, steps, cores, payload = struct.unpack_from("<4H", answer, 16)
    except struct.error as e:
        raise IntegrityError("the device's hello is too short") from e
    name = printable(answer[24:].decode("latin-1"))
    return Hello(answer[:16], tensors, steps, cores, payload, name)
