"""Frames on the wire: exact bytes, and nothing but what was sent is ever accepted."""

from __future__ import annotations

import random
import tracemalloc

import fastcrc
import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from odl.run.frame import PAYLOAD, VERSION, Decoder, Frame, encode
from tests.firmware.hostcc import LinkTool

GOLDEN = Frame(type=2, seq=1, session=0x1234, credit=0, argument=5, payload=b"\x00\xff", version=1)
GOLDEN_WIRE = bytes.fromhex(
    "00"
    "04 01 02 01"  # version 1, type 2, low byte of seq 1; a zero follows
    "03 34 12"  # session
    "01"  # credit, low byte
    "02 05"  # credit, high byte is the zero before; argument, low byte
    "01 01 01"  # the rest of argument; then the payload's zero
    "06 ff 9e f9 c4 aa"  # the payload's last byte, and the CRC
    "00"
)
MARKER = Frame(type=0x7E, seq=9, payload=b"marker")

u8, u16 = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
payloads = st.one_of(
    st.binary(max_size=PAYLOAD),
    st.lists(st.sampled_from([0, 1, 255]), max_size=600).map(bytes),
    st.integers(0, PAYLOAD).map(lambda n: b"\1" * n),
)
frames = st.builds(Frame, u8, u16, u16, u16, st.integers(0, 2**32 - 1), payloads, u8)


def sized(n: int, seed: int = 0) -> Frame:
    """A frame with `n` random bytes of payload."""
    rng = random.Random(n * 1000 + seed)
    numbers = (rng.getrandbits(k) for k in (8, 16, 16, 16, 32))
    return Frame(*numbers, payload=rng.randbytes(n))


def with_crc(content: bytes) -> bytes:
    """A frame of any content, sound but for what the content is."""
    body = content + fastcrc.crc32.iscsi(content).to_bytes(4, "little")
    return b"\0" + cobs.encode(body) + b"\0"


def test_crc_is_crc32c():
    assert fastcrc.crc32.iscsi(b"123456789") == 0xE3069283


def test_golden_frame():
    assert encode(GOLDEN) == GOLDEN_WIRE
    assert Decoder().feed(GOLDEN_WIRE) == [GOLDEN]


@given(st.lists(frames, max_size=4), st.integers(1, 700))
def test_round_trip_in_any_pieces(sent, piece):
    wire = b"".join(map(encode, sent))
    decoder = Decoder()
    got = [f for i in range(0, len(wire), piece) for f in decoder.feed(wire[i : i + piece])]
    assert got == sent
    assert decoder.dropped == 0


@given(frames)
def test_no_zero_inside(frame):
    wire = encode(frame)
    assert wire[:1] == wire[-1:] == b"\0"
    assert 0 not in wire[1:-1]


@pytest.mark.parametrize("n", [*range(230, 250), 490, 491, 492, 493, 494, PAYLOAD - 1, PAYLOAD])
def test_round_trip_where_blocks_fill(n):
    for fill in (b"\0", b"\1", b"\xff"):
        frame = Frame(1, 0x0101, 0x0101, 0x0101, 0x01010101, fill * n)
        assert Decoder().feed(encode(frame)) == [frame]


def test_zeros_alone_are_not_damage():
    decoder = Decoder()
    assert decoder.feed(bytes(1000)) == []
    assert decoder.dropped == 0


def test_frames_may_share_a_zero():
    wire = encode(GOLDEN) + encode(MARKER)[1:]
    decoder = Decoder()
    assert decoder.feed(wire) == [GOLDEN, MARKER]
    assert decoder.dropped == 0


def test_any_version_is_delivered():
    frame = Frame(1, version=VERSION + 1)
    assert Decoder().feed(encode(frame)) == [frame]


@pytest.mark.parametrize("n", [0, 1, 2, 14, 300, PAYLOAD])
def test_every_single_bit_flip_is_rejected(n):
    wire, marker = encode(sized(n)), encode(MARKER)
    for bit in range(len(wire) * 8):
        flipped = bytearray(wire)
        flipped[bit // 8] ^= 1 << bit % 8
        decoder = Decoder()
        assert decoder.feed(bytes(flipped) + marker) == [MARKER], f"bit {bit}"
        assert decoder.dropped > 0, f"bit {bit}"


@pytest.mark.parametrize("n", [0, 14, 300])
def test_every_cut_is_rejected(n):
    wire, marker = encode(sized(n)), encode(MARKER)
    for cut in range(1, len(wire) - 1):
        assert Decoder().feed(wire[:cut] + marker) == [MARKER], f"cut at {cut}"
        assert Decoder().feed(b"\1" + wire[cut:] + marker) == [MARKER], f"cut until {cut}"


def glued(first: Frame, second: Frame, cut: int) -> bytes:
    """Both bodies in one frame: the zeros between and the second's first `cut` bytes are lost."""
    one, two = (cobs.decode(encode(f)[1:-1]) for f in (first, second))
    return b"\0" + cobs.encode(one + two[cut:]) + b"\0"


@pytest.mark.parametrize("number", [0, 1, 0xFF, 0xFFFF])
def test_a_whole_frame_is_no_beginning(number):
    """A protocol's version must not be 0 or 255, as the CRC is not protection enough for these.

    Whatever a body and its CRC hold, CRC-32C stands behind them where it stands behind 00 00 00 00
    or ff 00 00 00 ff. A frame that began so could lose its beginning to another frame unnoticed.
    """
    assert VERSION not in (0, 0xFF)
    first = sized(30)
    for kind in (0, 1, 0xFF):
        second = Frame(kind, number, number, number, payload=b"rest")
        for cut in range(1, 20):
            assert Decoder().feed(glued(first, second, cut)) == [], f"type {kind}, cut {cut}"
    assert len(Decoder().feed(glued(first, Frame(0, version=0), 4))) == 1
    assert len(Decoder().feed(glued(first, Frame(0, session=0xFF, version=0xFF), 5))) == 1


@given(st.binary(max_size=3000), frames)
def test_resynchronises_behind_garbage(garbage, frame):
    decoder = Decoder()
    assert decoder.feed(garbage + encode(frame))[-1] == frame
    assert decoder.dropped == sum(1 for run in garbage.split(b"\0") if run)


def test_payload_too_long_is_not_encoded():
    with pytest.raises(ValueError, match="1025"):
        encode(Frame(1, payload=bytes(PAYLOAD + 1)))


@pytest.mark.parametrize("n", [PAYLOAD + 1, PAYLOAD + 2, 2 * PAYLOAD, 5000])
@pytest.mark.parametrize("fill", [b"\0", b"\1"])
def test_oversize_is_dropped(n, fill):
    decoder = Decoder()
    assert decoder.feed(with_crc(bytes(12) + fill * n) + encode(MARKER)) == [MARKER]
    assert decoder.dropped == 1


@pytest.mark.parametrize("n", range(12))
def test_runt_is_dropped(n):
    decoder = Decoder()
    assert decoder.feed(with_crc(bytes(n)) + encode(MARKER)) == [MARKER]
    assert decoder.dropped == 1


def test_endless_stream_stays_bounded():
    decoder, piece = Decoder(), b"\1" * 4096
    tracemalloc.start()
    try:
        for _ in range(2000):
            assert decoder.feed(piece) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024
    assert decoder.feed(encode(MARKER)) == [MARKER]
    assert decoder.dropped == 1


def test_c_and_python_encode_the_same_bytes(tmp_path):
    tool = LinkTool.compile(tmp_path)
    sizes = (0, 1, 2, 3, 50, 237, 238, 239, 240, 241, 300, 492, 493, 746, PAYLOAD - 1, PAYLOAD)
    sent = [GOLDEN, *(sized(n) for n in sizes)]
    sent += [Frame(1, 1, 1, 1, 1, fill * n) for fill in (b"\0", b"\1") for n in sizes]
    sent += [Frame(255, 0x0101, 0x0101, 0x0101, 0x01010101, b"\1" * n) for n in range(236, 244)]
    assert tool.encode(sent) == b"".join(map(encode, sent))
    assert tool.encode([Frame(1, payload=bytes(PAYLOAD + 1))]) == b""
