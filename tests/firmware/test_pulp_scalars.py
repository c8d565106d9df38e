"""Scalar halves of a gap9 against NumPy: IEEE's (Zhinx) and bfloat16, in every rounding mode."""

from __future__ import annotations

import numpy as np
import pytest

from tests.firmware.narrow import BRAIN, HALF, NEAREST, ROUND, SINGLE, Bits, Doubles, samples, total
from tests.firmware.pulp import B, Machine, Words, agree, r_type, run, set_mode

PAIRS = 100_000
FLOAT = 0x53
DYNAMIC, ALTERNATE = 7, 5
"""In the place of the rounding mode: frm's, and frm's with bfloat16."""
FORMATS = {"h": (HALF, DYNAMIC), "ah": (BRAIN, ALTERNATE)}
NOTHING = np.zeros(1, np.uint32)
ALL = np.arange(1 << 16, dtype=np.uint32)


def result(
    machine: Machine, word: int, a: Words, b: Words = NOTHING, d: Words = NOTHING, mode: int = 0
) -> Bits:
    """rd's lower half; what stands above an operand's half must not matter."""
    a, b, d = (v | 0xFFFF0000 for v in (a, b, d))
    return run(machine, [set_mode(mode), word, set_mode(0)], a, b, d)[:, 2] & 0xFFFF


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("mode", range(5))
def test_arithmetic(machine: Machine, suffix: str, mode: int) -> None:
    form, field = FORMATS[suffix]
    a, b = samples(form, 2, PAIRS if mode == NEAREST else PAIRS // 10, mode)
    x, y = form.value(a), form.value(b)
    with np.errstate(all="ignore"):
        rules: list[tuple[int, Doubles]] = [
            (0x02, total(x, y, mode)),
            (0x06, total(x, -y, mode)),
            (0x0A, x * y),
            (0x0E, x / y),
        ]
        for funct7, exact in rules:
            found = result(machine, r_type(FLOAT, field, funct7), a, b, mode=mode)
            agree(found, form.bits(form.rounded(exact, mode)), a, b)
        found = result(machine, r_type(FLOAT, field, 0x2E, rs2=0), ALL, mode=mode)
        agree(found, form.bits(form.rounded(np.sqrt(form.value(ALL)), mode)), ALL)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("mode", range(5))
def test_fused(machine: Machine, suffix: str, mode: int) -> None:
    """fmadd, fmsub, fnmsub and fnmadd, whose third operand is rd's register here."""
    form, field = FORMATS[suffix]
    a, b, d = samples(form, 3, PAIRS if mode == NEAREST else PAIRS // 10, mode)
    x, y, z = map(form.value, (a, b, d))
    for opcode, product, addend in [(0x43, 1, 1), (0x47, 1, -1), (0x4B, -1, 1), (0x4F, -1, -1)]:
        word = r_type(opcode, field, 15 << 2 | 2)
        with np.errstate(all="ignore"):
            exact = total(product * x * y, addend * z, mode)
            expected = form.bits(form.rounded(exact, mode))
        agree(result(machine, word, a, b, d, mode), expected, a, b, d)


@pytest.mark.parametrize("mode", range(5))
def test_conversions(machine: Machine, mode: int) -> None:
    """To and from singles and integers of 32 bits."""
    random = np.random.default_rng(mode)
    count = PAIRS if mode == NEAREST else PAIRS // 10
    wild = random.integers(0, 1 << 32, count, dtype=np.uint32)
    near = SINGLE.bits(HALF.value(wild & 0xFFFF)) + random.choice(np.arange(0xFFF, 0x1002), count)
    for numbers in (wild, near.astype(np.uint32)):
        for form, field in FORMATS.values():
            code = [set_mode(mode), r_type(FLOAT, field, 0x22, rs2=0), set_mode(0)]
            found = run(machine, code, numbers, NOTHING, NOTHING)[:, 2] & 0xFFFF
            agree(found, form.bits(form.rounded(SINGLE.value(numbers), mode)), numbers)
    for (form, field), rs2 in zip(FORMATS.values(), (2, 6), strict=True):
        found = run(machine, [r_type(FLOAT, 0, 0x20, rs2)], ALL, NOTHING, NOTHING)[:, 2]
        agree(found, SINGLE.bits(form.value(ALL)), ALL)
        for unsigned, low, high in [(0, -(2.0**31), 2.0**31 - 1), (1, 0.0, 2.0**32 - 1)]:
            code = [set_mode(mode), r_type(FLOAT, field, 0x62, unsigned), set_mode(0)]
            found = run(machine, code, ALL, NOTHING, NOTHING)[:, 2]
            whole = ROUND[mode](np.nan_to_num(form.value(ALL), nan=np.inf))
            agree(found, np.clip(whole, low, high).astype(np.int64).astype(np.uint32), ALL)
            integers = wild >> random.integers(0, 32, count, dtype=np.uint32)
            value = (integers if unsigned else integers.view(np.int32)).astype(np.float64)
            code = [set_mode(mode), r_type(FLOAT, field, 0x6A, unsigned), set_mode(0)]
            found = run(machine, code, integers, NOTHING, NOTHING)[:, 2] & 0xFFFF
            agree(found, form.bits(form.rounded(value, mode)), integers)
    for field, rs2, source, to in [(DYNAMIC, 6, BRAIN, HALF), (ALTERNATE, 2, HALF, BRAIN)]:
        found = result(machine, r_type(FLOAT, field, 0x22, rs2), ALL, mode=mode)
        agree(found, to.bits(to.rounded(source.value(ALL), mode)), ALL)


@pytest.mark.parametrize("suffix", FORMATS)
def test_choices_and_signs(machine: Machine, suffix: str) -> None:
    """bfloat16 adds four to the function's number."""
    form, field = FORMATS[suffix]
    more = 4 if field == ALTERNATE else 0
    a, b = samples(form, 2, PAIRS, 9)
    x, y = form.value(a), form.value(b)
    first = (x < y) | np.isnan(y) | ((x == y) & np.signbit(x))
    last = (x > y) | np.isnan(y) | ((x == y) & ~np.signbit(x))
    rules: list[tuple[int, int, Bits]] = [
        (0, 0x16, form.bits(np.where(first, x, y))),
        (1, 0x16, form.bits(np.where(last, x, y))),
        (0, 0x12, (a & 0x7FFF) | (b & 0x8000)),
        (1, 0x12, (a & 0x7FFF) | (~b & 0x8000)),
        (2, 0x12, a ^ (b & 0x8000)),
        (2, 0x52, (x == y).astype(np.uint32)),
        (1, 0x52, (x < y).astype(np.uint32)),
        (0, 0x52, (x <= y).astype(np.uint32)),
    ]
    for funct3, funct7, expected in rules:
        agree(result(machine, r_type(FLOAT, funct3 + more, funct7, B), a, b), expected, a, b)


def test_classes(machine: Machine) -> None:
    for form, field in FORMATS.values():
        word = r_type(FLOAT, 5 if field == ALTERNATE else 1, 0x72, 0)
        agree(result(machine, word, ALL), form.kinds(ALL), ALL)
