"""The C and the Python decoder on one stream of intact and damaged frames."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import fastcrc
import pytest
from cobs import cobs

from odl.run.frame import PAYLOAD, Decoder, Frame, encode
from tests.firmware.hostcc import LinkTool

QUICK, SLOW = 20_000, 1_000_000
"""Frames, intact and damaged."""
BATCH = 10_000
"""Frames in one stream; each batch is its own seed."""
EDGES = (0, 1, 2, 237, 238, 239, 240, 491, 492, 493, PAYLOAD - 1, PAYLOAD)
"""Sizes around an empty payload, COBS's blocks of 254 bytes, and the largest payload."""


@dataclass
class Stream:
    """What goes over the wire, and what was meant by it."""

    rng: random.Random
    wire: bytearray = field(default_factory=bytearray)
    sent: list[tuple[Frame, bool]] = field(default_factory=list)
    """In order, each with whether its bytes are intact."""

    def new(self) -> Frame:
        """A frame that no other of the stream equals: its argument is its number.

        Versions 0 and 255 are left out: see test_frame.py, test_a_whole_frame_is_no_beginning.
        """
        rng = self.rng
        n = rng.choice(
            (rng.choice(EDGES), rng.randrange(20), rng.randrange(20), rng.randrange(300))
        )
        fill = rng.randrange(4)
        payload = rng.randbytes(n) if fill > 1 else bytes([fill]) * n
        numbers = [rng.choice((0, 1, 0xFF, rng.getrandbits(k))) for k in (8, 16, 16, 16)]
        return Frame(*numbers, len(self.sent), payload, rng.choice((1, rng.randrange(1, 255))))

    def intact(self) -> None:
        """Its zeros at both ends, or the first one shared with what went before."""
        frame = self.new()
        self.sent.append((frame, True))
        shared = self.wire[-1:] == b"\0" and self.rng.random() < 0.2
        self.wire += encode(frame)[shared:]

    def damaged(self) -> None:
        damage = self.rng.choice(DAMAGES)
        self.wire += damage(self)

    def victim(self) -> bytearray:
        """The wire bytes of a frame that is to be damaged."""
        frame = self.new()
        self.sent.append((frame, False))
        return bytearray(encode(frame))


# --- ways to damage ---


def flip(s: Stream) -> bytes:
    wire = s.victim()
    for _ in range(s.rng.choice((1, 1, 1, 2, 3, 8))):
        wire[s.rng.randrange(len(wire))] ^= 1 << s.rng.randrange(8)
    return wire


def truncate(s: Stream) -> bytes:
    wire = s.victim()
    cut = s.rng.randrange(len(wire))
    return s.rng.choice((wire[:cut], wire[cut:]))


def drop(s: Stream) -> bytes:
    wire = s.victim()
    at = s.rng.randrange(len(wire))
    del wire[at : at + s.rng.choice((1, 1, 2, 10))]
    return wire


def insert(s: Stream) -> bytes:
    wire = s.victim()
    at = s.rng.randrange(len(wire) + 1)
    wire[at:at] = s.rng.randbytes(s.rng.choice((1, 1, 2, 10)))
    return wire


def inject_zero(s: Stream) -> bytes:
    wire = s.victim()
    at = s.rng.randrange(len(wire))
    wire[at : at + s.rng.randrange(2)] = bytes(s.rng.choice((1, 1, 2, 10)))
    return wire


def merge(s: Stream) -> bytes:
    """Two frames that have lost the zeros between them."""
    return s.victim()[:-1] + s.victim()[1:]


def splice(s: Stream) -> bytes:
    """The beginning of one frame and the end of another."""
    first, second = s.victim(), s.victim()
    return first[: s.rng.randrange(len(first))] + second[s.rng.randrange(len(second)) :]


def garbage(s: Stream) -> bytes:
    """Nobody's bytes, sometimes without a zero and longer than any frame."""
    noise = s.rng.randbytes(s.rng.choice((1, 5, 50, 300, 1500)))
    return noise if s.rng.random() < 0.5 else noise.replace(b"\0", b"\1")


def wrong_size(s: Stream) -> bytes:
    """A frame with a sound CRC that is too short or too long to be one."""
    n = s.rng.choice(
        (s.rng.randrange(12), 12 + PAYLOAD + 1, 12 + PAYLOAD + s.rng.randrange(1, 900))
    )
    content = s.rng.choice((bytes(n), b"\1" * n, s.rng.randbytes(n)))
    crc = fastcrc.crc32.iscsi(content).to_bytes(4, "little")
    return b"\0" + cobs.encode(content + crc) + b"\0"


DAMAGES: tuple[Callable[[Stream], bytes], ...] = (
    flip,
    truncate,
    drop,
    insert,
    inject_zero,
    merge,
    splice,
    garbage,
    wrong_size,
)


# --- judging ---


def make_stream(seed: int, frames: int) -> Stream:
    """So many frames, half of them damaged, in no regular order."""
    stream = Stream(random.Random(seed))
    while len(stream.sent) < frames:
        if stream.rng.random() < 0.5:
            stream.intact()
        else:
            stream.damaged()
    return stream


def decode_in_pieces(stream: Stream) -> tuple[list[Frame], int]:
    """Python's decoder, fed as a port would."""
    decoder, accepted, at = Decoder(), [], 0
    wire = bytes(stream.wire)
    while at < len(wire):
        n = stream.rng.choice((1, 7, 64, 4096))
        accepted += decoder.feed(wire[at : at + n])
        at += n
    return accepted, decoder.dropped


def complaint(sent: list[tuple[Frame, bool]], accepted: list[Frame]) -> str:
    """What is wrong with a decoder that has accepted this; empty if nothing is.

    A damaged frame may be accepted if what it says is still what was sent: some damage hits only
    the zeros around it.
    """
    known = {frame for frame, _ in sent}
    for frame in accepted:
        if frame not in known:
            return f"accepted, but never sent: {frame}"
    rest = iter(accepted)
    next_one = next(rest, None)
    for i, (frame, intact) in enumerate(sent):
        if next_one == frame:
            next_one = next(rest, None)
        elif intact:
            return f"intact frame {i} was lost, or came out of order"
    return "" if next_one is None else f"accepted twice or out of order: {next_one}"


def nonempty_runs(wire: bytes) -> int:
    """Of bytes between zeros; what follows the last zero is still on its way."""
    return sum(1 for run in wire.split(b"\0")[:-1] if run)


def judge(tool: LinkTool, seed: int, frames: int) -> Counter[str]:
    """One batch through both decoders; its figures."""
    stream = make_stream(seed, frames)
    wire, sent = bytes(stream.wire), stream.sent
    accepted, dropped = decode_in_pieces(stream)
    c_accepted, c_dropped = tool.decode(wire)
    for name, got in (("C", c_accepted), ("Python", accepted)):
        assert complaint(sent, got) == "", f"{name}, seed {seed}"
    assert c_accepted == accepted, f"the decoders differ, seed {seed}"
    assert c_dropped == dropped == nonempty_runs(wire) - len(accepted), f"seed {seed}"
    intact = sum(whole for _, whole in sent)
    return Counter(
        intact=intact,
        damaged=len(sent) - intact,
        accepted=len(accepted),
        dropped=dropped,
        bytes=len(wire),
    )


@pytest.fixture(scope="module")
def tool(tmp_path_factory) -> LinkTool:
    return LinkTool.compile(tmp_path_factory.mktemp("link"))


@pytest.mark.timeout(360)
def test_damage_never_passes_nor_spreads(tool, request):
    frames = SLOW if request.config.getoption("--slow") else QUICK
    start, total = time.monotonic(), Counter()
    for seed in range(frames // BATCH):
        total += judge(tool, seed, BATCH)
    print(f"{dict(total)} in {time.monotonic() - start:.0f} s")
    assert total["intact"] > frames * 0.4
    assert total["damaged"] > frames * 0.4
    assert total["intact"] <= total["accepted"] < total["intact"] + total["damaged"] * 0.1


@pytest.mark.parametrize("n", [0, 14, 300, PAYLOAD])
def test_every_single_bit_flip_is_rejected(tool, n):
    wire = encode(Frame(1, 2, 3, 4, 5, random.Random(n).randbytes(n)))
    marker = Frame(0x7E)
    stream = bytearray()
    for bit in range(len(wire) * 8):
        flipped = bytearray(wire)
        flipped[bit // 8] ^= 1 << bit % 8
        stream += flipped + encode(marker)
    accepted, _ = tool.decode(bytes(stream))
    assert accepted == [marker] * (len(wire) * 8)


def test_endless_stream_is_dropped_once(tool):
    marker = Frame(0x7E)
    for byte in (b"\1", b"\2", b"\xff"):
        assert tool.decode(byte * 1_000_000 + encode(marker)) == ([marker], 1)
