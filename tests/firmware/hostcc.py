"""Firmware sources compiled for the machine that runs the tests, with the sanitizers on."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from odl.programs import find_program
from odl.run.frame import Frame

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
FLAGS = [
    *("-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
]

_RECORD = struct.Struct("=IHHHHBB2x")
"""`struct record` of link_fuzz.c."""


def host_compiler() -> str:
    """The first C compiler that is installed.

    Raises:
        FileNotFoundError: there is none.
    """
    for name in ("clang", "gcc", "cc"):
        if path := find_program(name):
            return path
    raise FileNotFoundError("the tests need clang or gcc")


def build(program: Path, *sources: Path) -> Path:
    """Link `sources` to `program`, which ends at the first bad access or undefined operation.

    Raises:
        AssertionError: they do not compile without a warning; the text is the compiler's.
    """
    command = [host_compiler(), *FLAGS, f"-I{FIRMWARE / 'include'}", *sources, "-o", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return program


@dataclass(frozen=True)
class LinkTool:
    """The C encoder and decoder of frames: link_fuzz.c, compiled."""

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
