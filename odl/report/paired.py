"""Whether one way of learning is better than another, from the same test samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

RESAMPLES = 2000


@dataclass(frozen=True)
class Paired:
    """The difference of two accuracies, with an interval that has it in 95 % of cases."""

    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """win, loss, or tie where the interval has 0 in it."""
        return "win" if self.low > 0 else "loss" if self.high < 0 else "tie"


def paired(right: Array, other: Array, seed: int = 0) -> Paired:
    """Percentile bootstrap over seeds and test samples (Efron and Tibshirani, 1993, 13.3).

    Args:
        right: [seeds, samples], whether the prediction was the label.
        other: the same of the other, for the same seeds and samples.
    """
    each = right.astype(np.float64) - other
    seeds, samples = each.shape
    rng = np.random.default_rng(seed)
    means = [
        each[rng.integers(0, seeds, seeds)][:, rng.integers(0, samples, samples)].mean()
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return Paired(float(each.mean()), float(low), float(high))
