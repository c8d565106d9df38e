"""The C encoder and decoder as a program that pytest can call."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from firmware.hostcc import FIRMWARE, build

from odl.run.frame import Frame

_RECORD = struct.Struct("=IHHHHBB2x")
"""`struct record` of link_fuzz.c."""


@dataclass(frozen=True)
class LinkTool:
    """link_fuzz.c, compiled."""

    program: Path

    @classmethod
    def compile(cls, folder: Path) -> LinkTool:
        sources = [FIRMWARE / "runtime/link.c", FIRMWARE / "runtime/crc32c.c"]
        harness = Path(__file__).with_name("link_fuzz.c")
        return cls(build(folder / "link_fuzz", harness, *sources))

    def encode(self, frames: Iterable[Frame]) -> bytes:
        """The frames' bytes on the wire, one after another."""
        return self._run("encode", b"".join(map(_pack, frames)))[0]

    def decode(self, wire: bytes) -> tuple[list[Frame], int]:
        """The frames accepted, and the number of those dropped."""
        records, said = self._run("decode", wire)
        return _unpack(records), int(said)

    def _run(self, mode: str, data: bytes) -> tuple[bytes, str]:
        done = subprocess.run([self.program, mode], input=data, capture_output=True, timeout=120)
        said = done.stderr.decode(errors="replace")
        assert done.returncode == 0, said
        return done.stdout, said


def _pack(f: Frame) -> bytes:
    numbers = (f.argument, f.seq, f.session, f.credit, len(f.payload), f.version, f.type)
    return _RECORD.pack(*numbers) + f.payload


def _unpack(records: bytes) -> list[Frame]:
    frames, at = [], 0
    while at < len(records):
        argument, seq, session, credit, size, version, kind = _RECORD.unpack_from(records, at)
        at += _RECORD.size + size
        payload = records[at - size : at]
        frames.append(Frame(kind, seq, session, credit, argument, payload, version))
    return frames
