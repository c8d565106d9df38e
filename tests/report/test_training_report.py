"""What is said of a training run, and its plot."""

from __future__ import annotations

import math

from odl.report.training_report import BARS, plot, recent
from odl.result import Step


def steps(*losses: float) -> list[Step]:
    return [Step(i, loss, 2, i % 3, False) for i, loss in enumerate(losses, 1)]


def test_a_plot_goes_from_the_lowest_to_the_highest() -> None:
    marks = plot([float(v) for v in range(8)], 8)
    assert marks == BARS
    assert plot([1.0, 1.0], 8) == BARS[0] * 2
    assert plot([], 8) == ""


def test_many_losses_share_marks_and_what_is_not_finite_is_a_gap() -> None:
    assert len(plot([float(v) for v in range(100)], 32)) == 25
    assert plot([0.0, math.nan, 7.0, math.inf], 4) == f"{BARS[0]} {BARS[-1]} "
    assert plot([math.nan], 4) == " "


def test_the_last_steps_count() -> None:
    loss, accuracy = recent(steps(*[9.0] * 10, 1.0, 3.0), 2)
    assert loss == 2.0
    assert accuracy == (11 % 3 + 12 % 3) / 4
