"""Memory instructions, hardware loops and integer SIMD of a gap9, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.firmware.pulp import (
    GET,
    MEMORY,
    PUT,
    ZERO,
    A,
    B,
    D,
    Machine,
    Words,
    agree,
    r_type,
    run,
)

COUNT = 100_000
ACCESSES = 2000
T0, T1 = 5, 6
NOTHING = np.zeros(1, np.uint32)
LOADS = {"lb": (0, 0x00, "i1"), "lh": (1, 0x08, "i2"), "lw": (2, 0x10, "u4")}
LOADS |= {"lbu": (4, 0x20, "u1"), "lhu": (5, 0x28, "u2")}
STORES = {"sb": (0, 1), "sh": (1, 2), "sw": (2, 4)}


def i_type(opcode: int, funct3: int, rd: int, rs1: int, immediate: int) -> int:
    return (immediate & 0xFFF) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def s_type(opcode: int, funct3: int, rs1: int, rs2: int, immediate: int) -> int:
    high = (immediate >> 5 & 0x7F) << 25
    return high | rs2 << 20 | rs1 << 15 | funct3 << 12 | (immediate & 31) << 7 | opcode


def add(rd: int, immediate: int) -> int:
    return i_type(0x13, 0, rd, rd, immediate)


def random_words(seed: int, count: int = COUNT) -> Words:
    return np.random.default_rng(seed).integers(0, 1 << 32, count, dtype=np.uint32)


# Memory. Addresses need no alignment; the last word stays free for the widest access.


def places(seed: int) -> Words:
    return np.random.default_rng(seed).integers(0, MEMORY - 4, ACCESSES, dtype=np.uint32)


def loaded(memory: bytes, at: Words, kind: str) -> Words:
    size = int(kind[1])
    values = [np.frombuffer(memory[i : i + size], f"<{kind}")[0] for i in at]
    return np.array(values, np.int64).astype(np.uint32)


@pytest.mark.parametrize("name", LOADS)
def test_loads(machine: Machine, lent: int, name: str) -> None:
    funct3, funct7, kind = LOADS[name]
    memory = random_words(funct3, MEMORY // 4)
    machine.send(PUT, 0, 0, memory)
    at = places(funct7)
    step = random_words(1, ACCESSES)
    value = loaded(memory.tobytes(), at, kind)
    for immediate in (-2048, -4, 0, 4, 2047):
        word = i_type(0x0B, funct3, D, A, immediate)
        after = run(machine, [word], at + lent, NOTHING, NOTHING)
        agree(after[:, 2], value, at)
        agree(after[:, 0], at + np.uint32(lent) + np.uint32(immediate & 0xFFFFFFFF), at)
    after = run(machine, [r_type(0x0B, 7, funct7)], at + lent, step, NOTHING)
    agree(after[:, 2], value, at)
    agree(after[:, 0], at + np.uint32(lent) + step, at)
    after = run(machine, [r_type(0x03, 7, funct7)], at + np.uint32(lent) - step, step, NOTHING)
    agree(after[:, 2], value, at)
    agree(after[:, 0], at + np.uint32(lent) - step, at)


def stored(memory: bytearray, at: Words, data: Words, size: int) -> None:
    for i, value in zip(at, data, strict=True):
        memory[i : i + size] = int(value).to_bytes(4, "little")[:size]


@pytest.mark.parametrize("name", STORES)
def test_stores(machine: Machine, lent: int, name: str) -> None:
    """rs2 is the second operand; the register in the place of rd is the step."""
    funct3, size = STORES[name]
    image = bytearray(random_words(7, MEMORY // 4).tobytes())
    machine.send(PUT, 0, 0, np.frombuffer(bytes(image), np.uint32))
    step = random_words(2, ACCESSES)
    at = places(size)
    for seed, immediate in enumerate((-2048, -4, 0, 4, 2047)):
        data = random_words(10 + seed, ACCESSES)
        word = s_type(0x2B, funct3, A, B, immediate)
        after = run(machine, [word], at + lent, data, NOTHING)
        agree(after[:, 0], at + np.uint32(lent) + np.uint32(immediate & 0xFFFFFFFF), at)
        stored(image, at, data, size)
    for opcode, moved in ((0x2B, True), (0x23, False)):
        data, at = random_words(opcode, ACCESSES), places(opcode)
        word = r_type(opcode, funct3 | 4, 0)  # its field rd is the third operand's register
        start = at + np.uint32(lent) - (np.uint32(0) if moved else step)
        after = run(machine, [word], start, data, step)
        agree(after[:, 0], start + (step if moved else np.uint32(0)), at)
        agree(after[:, 2], step, at)
        stored(image, at, data, size)
    machine.send(GET, 0, 0)
    agree(machine.receive(MEMORY // 4), np.frombuffer(bytes(image), np.uint32))


def test_loads_and_stores_of_floats(machine: Machine, lent: int) -> None:
    """flh fills the upper half with ones."""
    memory = random_words(3, MEMORY // 4)
    image = bytearray(memory.tobytes())
    machine.send(PUT, 0, 0, memory)
    at, data = places(3), random_words(4, ACCESSES)
    for funct3, size in ((1, 2), (2, 4)):
        after = run(machine, [i_type(0x07, funct3, D, A, 0)], at + lent, NOTHING, NOTHING)
        box = 0xFFFF0000 if size == 2 else 0
        agree(after[:, 2], loaded(memory.tobytes(), at, f"u{size}") | np.uint32(box), at)
    for funct3, size in ((1, 2), (2, 4)):
        run(machine, [s_type(0x27, funct3, A, B, 0)], at + lent, data, NOTHING)
        stored(image, at, data, size)
    machine.send(GET, 0, 0)
    agree(machine.receive(MEMORY // 4), np.frombuffer(bytes(image), np.uint32))


def test_event_load_elsewhere_is_a_load(machine: Machine, lent: int) -> None:
    memory = random_words(5, MEMORY // 4)
    machine.send(PUT, 0, 0, memory)
    at = places(5) & ~np.uint32(3)
    found = run(machine, [i_type(0x03, 6, D, A, 0)], at + lent, NOTHING, NOTHING)[:, 2]
    agree(found, memory[at // 4], at)


# Hardware loops: the end is the address of the last instruction of the body.


def loop(funct3: int, number: int, immediate: int, rs1: int = 0) -> int:
    return i_type(0x7B, funct3, number, rs1, immediate)


def after_loops(machine: Machine, code: list[int], *counts: int) -> list[int]:
    """The operand d, which begins at 0."""
    a, b = [*counts, 0, 0][:2]
    triple = [np.array([v], np.uint32) for v in (a, b, 0)]
    return [int(v) for v in run(machine, code, *triple)[0]]


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 100, 4095])
def test_loops(machine: Machine, number: int, count: int) -> None:
    """Of two instructions; a count of 0 means no loop, so the body is executed once."""
    body = [add(D, 1), add(D, 2)]
    ways = [
        [loop(4, number, 4, A), *body],
        [loop(5, number, count) | 4 << 15, *body],
        [loop(0, number, 6), loop(1, number, 6), loop(2, number, 0, A), *body],
        [loop(3, number, count), loop(1, number, 6), loop(0, number, 2), *body],
    ]
    for code in ways:
        assert after_loops(machine, code, count)[2] == 3 * max(count, 1)


def test_the_longest_loop(machine: Machine) -> None:
    body = [add(D, 1)] * 60
    assert after_loops(machine, [loop(4, 0, 120, A), *body], 5)[2] == 300


@pytest.mark.parametrize(("outer", "inner"), [(1, 1), (2, 3), (5, 1), (7, 9), (100, 33)])
def test_nested_loops(machine: Machine, outer: int, inner: int) -> None:
    """With work around the inner loop, and with one end for both, where loop 0 goes first."""
    apart = [
        *(loop(4, 1, 2 * 6, A), add(T0, 0), loop(4, 0, 2 * 2, B), add(D, 1), add(D, 2)),
        *(add(D, 1000), add(T1, 1)),
    ]
    assert after_loops(machine, apart, outer, inner)[2] == outer * (3 * inner + 1000)
    together = [loop(4, 1, 2 * 4, A), loop(4, 0, 2 * 3, B), add(D, 10), add(D, 100), add(D, 3)]
    assert after_loops(machine, together, outer, inner)[2] == outer * 113 * inner


def test_a_branch_inside_a_loop_body(machine: Machine) -> None:
    """Skips an instruction when the operand b is even; b grows by one a round."""
    skip = 0x00028463  # beq t0, zero, 8
    code = [loop(4, 0, 2 * 5, A), i_type(0x13, 7, T0, B, 1), skip, add(D, 1), add(B, 1), add(T1, 0)]
    assert after_loops(machine, code, 10, 0)[2] == 5


# Integer instructions.


def halves(words: Words) -> tuple[Words, Words]:
    return words & 0xFFFF, words >> 16


def chosen(words: Words, high: Words) -> Words:
    low_half, high_half = halves(words)
    return np.where(high & 1, high_half, low_half)


def test_multiply_accumulate(machine: Machine) -> None:
    a, b, d = (random_words(s) for s in (1, 2, 3))
    agree(run(machine, [r_type(0x33, 0, 0x21)], a, b, d)[:, 2], d + a * b, a, b, d)
    agree(run(machine, [r_type(0x33, 1, 0x21)], a, b, d)[:, 2], d - a * b, a, b, d)


def test_clip(machine: Machine) -> None:
    a = random_words(4, 4000) >> np.random.default_rng(4).integers(0, 32, 4000, dtype=np.uint32)
    a = np.concatenate([a, ~a, 1 << np.arange(32, dtype=np.uint32)])
    for bits in range(32):
        most = 2 ** (bits - 1) - 1 if bits else 0
        expected = np.clip(a.view(np.int32).astype(np.int64), -most - 1, most).astype(np.uint32)
        found = run(machine, [r_type(0x33, 1, 0x0A, bits)], a, NOTHING, NOTHING)[:, 2]
        agree(found, expected, a)


def test_extract(machine: Machine) -> None:
    a = random_words(5, 100)
    for start in range(32):
        for length in range(32):
            width = min(length + 1, 32 - start)
            field = a.astype(np.int64) >> start & ((1 << width) - 1)
            expected = np.where(field >> (width - 1), field - (1 << width), field)
            word = r_type(0x33, 0, 0x60 | length, start)
            found = run(machine, [word], a, NOTHING, NOTHING)[:, 2]
            agree(found, expected.astype(np.uint32), a)


@pytest.mark.parametrize("value", range(-16, 16))
def test_branches_on_an_immediate(machine: Machine, value: int) -> None:
    """Past an instruction that adds one to d."""
    a = np.concatenate([np.arange(-40, 40).astype(np.uint32), random_words(6, 100)])
    equal = a == np.uint32(value & 0xFFFFFFFF)
    for funct3, taken in ((2, equal), (3, ~equal)):
        word = s_type(0x63, funct3, A, value & 31, 8)
        found = run(machine, [word, add(D, 1)], a, NOTHING, NOTHING)[:, 2]
        agree(found, (~taken).astype(np.uint32), a)


def test_pack_and_shuffles(machine: Machine) -> None:
    a, b, d = (random_words(s) for s in (7, 8, 9))
    found = run(machine, [r_type(0x57, 0, 0x68)], a, b, d)[:, 2]
    agree(found, (a & 0xFFFF) << 16 | (b & 0xFFFF), a, b)
    found = run(machine, [r_type(0x57, 0, 0x60)], a, b, d)[:, 2]
    agree(found, chosen(a, b) | chosen(a, b >> 16) << 16, a, b)
    for immediate in range(4):
        word = r_type(0x57, 6, 0x60 | immediate & 1, immediate >> 1)
        low, high = np.full(len(a), immediate & 1), np.full(len(a), immediate >> 1)
        expected = chosen(a, low.astype(np.uint32)) | chosen(a, high.astype(np.uint32)) << 16
        agree(run(machine, [word], a, b, d)[:, 2], expected, a)
    found = run(machine, [r_type(0x57, 0, 0x64)], a, b, d)[:, 2]
    lanes = [np.where(w & 2, chosen(a, w), chosen(d, w)) for w in (b & 0xFFFF, b >> 16)]
    agree(found, lanes[0] | lanes[1] << 16, a, b, d)


def test_dot_product_of_integers(machine: Machine) -> None:
    a, b, d = (random_words(s) for s in (10, 11, 12))
    low, high = ([h.astype(np.uint16).view(np.int16) for h in halves(v)] for v in (a, b))
    products = [x.astype(np.int64) * y for x, y in zip(low, high, strict=True)]
    expected = (d + products[0] + products[1]).astype(np.uint32)
    agree(run(machine, [r_type(0x57, 0, 0x5C)], a, b, d)[:, 2], expected, a, b, d)


def test_nothing_is_written_to_register_zero(machine: Machine) -> None:
    a, b = random_words(13, 10), random_words(14, 10)
    word = r_type(0x33, 2, 0x41) & ~(31 << 7) | ZERO << 7
    move = i_type(0x13, 0, D, ZERO, 0)
    assert not run(machine, [word, move], a, b, NOTHING)[:, 2].any()
