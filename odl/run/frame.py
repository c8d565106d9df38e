"""Frames on any wire: a zero byte, the COBS encoding of a body, a zero byte (link.h)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import fastcrc
from cobs import cobs

VERSION = 2
"""Of the protocol."""
PAYLOAD = 1024
"""Largest payload, in bytes."""
_HEADER = struct.Struct("<BBHHHI")
_CRC = struct.Struct("<I")
_BODY = _HEADER.size + PAYLOAD + _CRC.size
_ENCODED = _BODY + _BODY // 254 + 1


@dataclass(frozen=True)
class Frame:
    """One frame; numbers are unsigned and little-endian on the wire."""

    type: int
    seq: int = 0
    session: int = 0
    credit: int = 0
    argument: int = 0
    payload: bytes = b""
    version: int = VERSION


def encode(frame: Frame) -> bytes:
    """The frame's bytes on the wire.

    Raises:
        ValueError: the payload is too long.
    """
    if len(frame.payload) > PAYLOAD:
        raise ValueError(f"a payload of {len(frame.payload)} bytes, more than {PAYLOAD}")
    numbers = (frame.version, frame.type, frame.seq, frame.session, frame.credit, frame.argument)
    body = _HEADER.pack(*numbers) + frame.payload
    encoded: bytes = cobs.encode(body + _CRC.pack(_crc(body)))  # type: ignore[no-untyped-call]
    return b"\0" + encoded + b"\0"


class Decoder:
    """A stream of bytes on its way to frames; it holds no more than one frame's bytes."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self.dropped = 0
        """Damaged frames since the start."""

    def feed(self, data: bytes) -> list[Frame]:
        """The intact frames that `data` completes."""
        frames = []
        *ended, rest = data.split(b"\0")
        for part in ended:
            self._keep(part)
            if self._pending:
                frame = _decode(bytes(self._pending))
                self._pending.clear()
                if frame is None:
                    self.dropped += 1
                else:
                    frames.append(frame)
        self._keep(rest)
        return frames

    def _keep(self, part: bytes) -> None:
        """One byte more than the longest frame is enough to know that it is too long."""
        self._pending += part[: max(0, _ENCODED + 1 - len(self._pending))]


def _decode(encoded: bytes) -> Frame | None:
    try:
        body: bytes = cobs.decode(encoded)  # type: ignore[no-untyped-call]
    except cobs.DecodeError:
        return None
    if not _HEADER.size + _CRC.size <= len(body) <= _BODY:
        return None
    content, (crc,) = body[: -_CRC.size], _CRC.unpack(body[-_CRC.size :])
    if _crc(content) != crc:
        return None
    version, kind, seq, session, credit, argument = _HEADER.unpack_from(content)
    return Frame(kind, seq, session, credit, argument, content[_HEADER.size :], version)


def _crc(data: bytes) -> int:
    """CRC-32C, which RFC 3720 gives iSCSI."""
    return int(fastcrc.crc32.iscsi(data))
