"""Gradient accumulation: an update after every K sound samples, from the sum of their gradients."""

from __future__ import annotations

from collections.abc import Sequence

from odl.ops.weave import Term, Weaver
from odl.train.guard import both
from odl.train.state import States

COUNT = "odl/gathered"
"""The state that counts the samples in the sums, int32."""


class Gathered:
    """The gradients that an update takes: those of one sample, or sums that live from step to step.

    A sample whose loss or gradients are not finite is left out of the sum.
    """

    def __init__(
        self,
        w: Weaver,
        states: States,
        pairs: list[tuple[Term, Term]],
        on: Sequence[Term | None],
        samples: int,
        count: Term | None,
    ) -> None:
        """`pairs` are weights and their gradients of one sample, `on` the switches of these.

        Args:
            count: the state COUNT, where there is more than one sample.
        """
        self._w, self._states, self._on, self._samples = w, states, on, samples
        self.slopes = [slope for _, slope in pairs]
        self._totals: list[Term] = []
        if count is None:
            return
        self._count = count
        fresh = w.term("Equal", self._count, w.integer(0))
        self._totals = [states.moment(weight, "total") for weight, _ in pairs]
        sums = zip(self._totals, self.slopes, strict=True)
        self.slopes = [w.like(w.where(fresh, s, t + s), t) for t, s in sums]

    def gate(self, sound: Term) -> Term:
        """Whether this step updates: the sample is sound, and the last of its group."""
        if self._samples == 1:
            return sound
        last = self._w.term("Equal", self._count, self._w.integer(self._samples - 1))
        return self._w.term("And", sound, last)

    def keep(self, sound: Term) -> None:
        """The sums go on to the next step, once the updates have read them."""
        if self._samples == 1:
            return
        w = self._w
        for total, slope, switch in zip(self._totals, self.slopes, self._on, strict=True):
            self._states.follow(total, w.where(both(w, sound, switch), slope, total))
        following = w.term("Mod", self._count + w.integer(1), w.integer(self._samples))
        self._states.follow(self._count, w.where(sound, following, self._count))
