"""A device in Python that speaks the protocol, and a wire that can be made bad."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable

from odl.run.frame import VERSION, Decoder, Frame, encode
from odl.run.link import Code, Message

HASH = bytes(range(16))


class FakeDevice:
    """A Port with a device behind it: READ answers with its own argument, RUN counts.

    `spoil` gets each frame's bytes and its direction, and returns what arrives of them.
    """

    def __init__(
        self,
        spoil: Callable[[bytes, str], bytes] = lambda wire, direction: wire,
        credit: int = 4096,
        version: int = VERSION,
    ) -> None:
        self.spoil, self.credit, self.version = spoil, credit, version
        self.runs = 0
        self.under_way = self.most_under_way = 0
        self._decoder, self._session, self._expected = Decoder(), 0, 0
        self._answers: deque[bytes] = deque()

    def write(self, data: bytes) -> None:
        self.under_way += len(data)
        self.most_under_way = max(self.most_under_way, self.under_way)
        for frame in self._decoder.feed(self.spoil(data, "request")):
            self._serve(frame)

    def read(self, seconds: float) -> bytes:
        if not self._answers:
            return b""
        self.under_way = 0
        return self._answers.popleft()

    def close(self) -> None:
        pass

    def say(self, frame: Frame) -> None:
        """Send a frame of one's own accord."""
        self._answers.append(self.spoil(encode(frame), "answer"))

    def _answer(self, request: Frame, payload: bytes = b"") -> None:
        kind = request.type | Message.ANSWER
        self.say(Frame(kind, request.seq, self._session, self.credit, request.argument, payload))

    def _refuse(self, request: Frame, code: Code, argument: int = 0) -> None:
        payload = bytes([code]) + b"refused"
        kind, version = Message.ERROR, self.version
        self.say(Frame(kind, request.seq, self._session, self.credit, argument, payload, version))

    def _serve(self, request: Frame) -> None:
        if request.version != self.version:
            self._refuse(request, Code.VERSION, self.version)
        elif request.type == Message.HELLO:
            self._session, self._expected = request.session, request.seq + 1
            self._answer(request, HASH + struct.pack("<4H", 3, 2, 8, 1024) + b"fake")
        elif request.session != self._session:
            self._refuse(request, Code.SESSION)
        else:
            self._in_order(request)

    def _in_order(self, request: Frame) -> None:
        behind = (self._expected - request.seq) & 0xFFFF
        again = request.type == Message.RUN and behind > 0
        if behind >= 0x8000 or (again and behind > 1):
            self._refuse(request, Code.SEQUENCE, self._expected)
            return
        self._expected = (self._expected + (behind == 0)) & 0xFFFF
        if request.type == Message.RUN:
            self.runs += behind == 0
        self._answer(request, struct.pack("<I", request.argument))
