"""A factor of the loss that keeps small gradients from vanishing in half precision.

Micikevicius et al., Mixed Precision Training (arXiv:1710.03740), section 3.2. It is a power of two,
so that taking it out again rounds nothing.
"""

from __future__ import annotations

import math

import numpy as np

from odl.errors import UsageError, printable
from odl.ops.weave import Term, Weaver
from odl.train.state import States

SCALE, STEADY = "odl/scale", "odl/steady"
"""States of a scale that adapts: itself, float32, and the sound steps since it changed, int32."""
DYNAMIC = "dynamic"
FIRST, LARGEST = 2.0**10, 2.0**15
"""Of a scale that adapts; a gradient of 1 behind the loss still fits into half precision."""
GROWTH = 128
"""Sound steps after which it doubles."""


class LossScale:
    """A fixed scale, or one that halves when a step overflows and doubles after GROWTH others."""

    def __init__(self, w: Weaver, states: States, text: str) -> None:
        """`text` is `dynamic` or a power of two.

        Raises:
            UsageError: it is neither.
        """
        self._w, self._states = w, states
        self.dynamic = text == DYNAMIC
        self.fixed = 1.0 if self.dynamic else _power_of_two(text)
        self._steady = None
        if self.dynamic:
            self.scale = states.add(SCALE, np.array(FIRST, np.float32))
            self._steady = states.add(STEADY, np.zeros((), np.int32))
        else:
            self.scale = w.number(self.fixed)

    def unscaled(self, slope: Term) -> Term:
        """A gradient, or its norm, without the scale."""
        if self.dynamic:
            return slope / self.scale
        return slope if self.fixed == 1 else slope * (1 / self.fixed)

    def follow(self, sound: Term) -> None:
        """What the scale is in the next step."""
        if self._steady is None:
            return
        scale, steady = self._w.terms(
            "ai.odl.FollowScale", self.scale, self._steady, sound, like=[self.scale, self._steady],
            growth=GROWTH, largest=LARGEST,
        )  # fmt: skip
        self._states.follow(self.scale, scale)
        self._states.follow(self._steady, steady)


def _power_of_two(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 1 <= scale <= 2**24 or math.frexp(scale)[0] != 0.5:
        raise UsageError(
            f"--loss-scale {printable(text)}", advice=f"{DYNAMIC}, or a power of two from 1 to 2^24"
        )
    return scale
