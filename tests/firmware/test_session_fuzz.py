"""Hostile frames with sound CRCs, and noise, into the C session under sanitizers."""

from __future__ import annotations

import random
import struct
import subprocess
import threading

import pytest

from odl.run.frame import Decoder, Frame, encode
from odl.run.link import Message
from tests.devices import HostPrograms
from tests.run.conftest import programs as programs  # the same fixture

SHORT, LONG = 20_000, 300_000
EDGES = (0, 1, 2, 3, 4, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0xFFFFFFFF)


def number(rng: random.Random, bits: int) -> int:
    return (rng.choice(EDGES) if rng.random() < 0.6 else rng.getrandbits(bits)) & ((1 << bits) - 1)


def hostile(rng: random.Random, seq: int) -> Frame:
    """A frame that is intact and often nearly right."""
    kind = rng.choice([*range(1, 7), *range(1, 7), rng.randrange(256)])
    kind = Message.TENSOR if kind == Message.BYE else kind  # it would end the program
    payload = b"".join(struct.pack("<H", number(rng, 16)) for _ in range(rng.randrange(6)))
    if rng.random() < 0.2:
        payload = payload[:4] + rng.randbytes(rng.randrange(1021))
    return Frame(
        type=kind,
        seq=seq if rng.random() < 0.7 else number(rng, 16),
        session=5 if rng.random() < 0.9 else number(rng, 16),
        credit=number(rng, 16),
        argument=number(rng, 32) if rng.random() < 0.5 else rng.randrange(9000),
        payload=payload,
        version=1 if rng.random() < 0.97 else rng.choice([2, 7, 200]),
    )


def stream(rng: random.Random, frames: int) -> bytes:
    wire = [encode(Frame(Message.HELLO, 1, 5))]
    seq = 2
    for _ in range(frames):
        frame = hostile(rng, seq)
        wire.append(encode(frame))
        seq = (seq + 1) & 0xFFFF if rng.random() < 0.8 else seq
        if rng.random() < 0.05:
            wire.append(rng.randbytes(rng.randrange(40)))
            wire.append(encode(Frame(Message.HELLO, seq - 1 & 0xFFFF, 5)))
    wire.append(encode(Frame(Message.HELLO, 1, 6)))
    return b"".join(wire)


def test_nothing_that_comes_over_the_wire_harms(
    programs: HostPrograms, request: pytest.FixtureRequest
) -> None:
    frames = LONG if request.config.getoption("--slow") else SHORT
    wire = stream(random.Random(1), frames)
    with subprocess.Popen(
        [programs.program, "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as device:
        assert device.stdin is not None
        assert device.stdout is not None
        assert device.stderr is not None
        writer = threading.Thread(target=lambda: (device.stdin.write(wire), device.stdin.close()))
        writer.start()
        said = device.stdout.read()
        writer.join()
        complaint = device.stderr.read().decode(errors="replace")
    assert device.returncode == 0, complaint
    decoder = Decoder()
    answers = decoder.feed(said)
    assert decoder.dropped == 0
    assert len(answers) > frames * 0.9
    assert {f.type & 0x80 for f in answers} == {0x80}
    kinds = {f.type for f in answers}
    assert kinds >= {Message.ERROR, *(m | Message.ANSWER for m in range(1, 7))}
    assert answers[-1].session == 6, "alive to the end"
