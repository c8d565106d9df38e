"""Differences of accuracies, and what is said of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from odl import target
from odl.report.compare_report import print_compare, print_compare_json
from odl.report.paired import paired
from odl.result import Cost, Outcome


def test_one_against_itself_is_a_tie() -> None:
    right = np.random.default_rng(0).random((3, 50)) < 0.7
    p = paired(right, right)
    assert (p.difference, p.low, p.high, p.verdict) == (0, 0, 0, "tie")


def test_two_of_the_same_kind_are_tied_as_often_as_promised() -> None:
    """About 95 in 100; the bootstrap is a little narrow for few samples."""
    rng, ties = np.random.default_rng(1), 0
    for _ in range(40):
        a, b = (rng.random((3, 80)) < 0.7 for _ in range(2))
        ties += paired(a, b).verdict == "tie"
    assert ties >= 34


def test_a_clear_difference_is_none() -> None:
    rng = np.random.default_rng(2)
    good, bad = rng.random((3, 200)) < 0.9, rng.random((3, 200)) < 0.6
    assert paired(good, bad).verdict == "win"
    assert paired(bad, good).verdict == "loss"
    assert paired(good, bad).low < 0.3 < paired(good, bad).high


def outcome(name: str, share: float) -> Outcome:
    right = {n: {t: np.arange(60).reshape(3, 20) % 10 < 10 * share for t in ("left", "right")}
             for n in (0, 20)}  # fmt: skip
    return Outcome(name, 0.1, right, 400, 2000, 3000, 1, 12345, Cost(678, 999))


def test_tables(capsys: pytest.CaptureFixture[str]) -> None:
    found = [outcome("full", 0.9), outcome("bias", 0.5), Outcome("lora", error="too large")]
    print_compare(target.load("gap9"), found)
    text = capsys.readouterr().out
    assert "loss -40.0 [" in text
    assert "90.0% to 90.0%" in text
    assert "lora  too large" in text
    assert "12,345" in text


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_compare_json(target.load("gap9"), [outcome("full", 0.9), Outcome("lora", error="no")])
    data = json.loads(capsys.readouterr().out)["outcomes"]
    assert data[0]["accuracy"]["20"] == {"left": 0.9, "right": 0.9}
    assert data[0]["against"]["verdict"] == "tie"
    assert data[1] == {"method": "lora", "error": "no"}
