"""Numbers that other machines must make again."""

from __future__ import annotations

import numpy as np

from odl.adapt.generator import choose, integers, seed_of, uniform


def plain(seed: int, count: int) -> list[int]:
    """The documented function, on Python's integers."""
    found = []
    for i in range(count):
        x = (seed + 0x9E3779B9 * (i + 1)) & 0xFFFFFFFF
        x ^= x >> 16
        x = x * 0x21F0AAAD & 0xFFFFFFFF
        x ^= x >> 15
        x = x * 0xD35A2D97 & 0xFFFFFFFF
        x ^= x >> 15
        found.append(x)
    return found


def test_the_numbers_are_the_documented_ones_and_stay_so() -> None:
    for seed in (0, 1, 0xFFFFFFFF, 123456789):
        assert integers(seed, 50).tolist() == plain(seed, 50)
    assert plain(1, 3) == [4264318834, 3034962160, 2987287037]
    assert seed_of("w_5", 0) != seed_of("w_5", 1) != seed_of("w_6", 1)


def test_uniform_numbers_are_exact_and_even() -> None:
    values = uniform(7, (100, 100))
    assert (values == values.astype(np.float32)).all()
    assert -1 <= values.min() < -0.99
    assert 0.99 < values.max() < 1
    assert abs(values.mean()) < 0.02
    assert abs(values.std() - 3**-0.5) < 0.02


def test_chosen_numbers_differ() -> None:
    chosen = choose(3, 5, 12)
    assert len(set(chosen.tolist())) == 5
    assert chosen.max() < 12
    assert choose(3, 12, 12).tolist() == list(range(12))
