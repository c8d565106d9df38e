"""What keeps a state sound: counters, and the sum whose finiteness lets a step change anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.dtype import F32
from odl.ops.weave import Term, Weaver
from odl.train.state import States

SKIPPED_IN_ROW = "odl/skipped_in_row"
COUNTERS = ("odl/updates", "odl/skipped", SKIPPED_IN_ROW)
"""State that every training step has, int32: updates made, steps skipped, and those skipped since
the last update."""


def sum_of_squares(w: Weaver, slopes: list[Term], on: Sequence[Term | None]) -> Term:
    """Over all gradients; those of one index of the first axis make a sum: work for all cores.

    Args:
        on: for each of them, the switch without which it counts as zero.
    """
    parts = []
    for slope, switch in zip(slopes, on, strict=True):
        rows = slope.shape[0] if len(slope.shape) > 1 else 1
        part = w.term("ai.odl.SquareSums", slope, rows=rows).typed([rows], F32)
        parts.append(part if switch is None else w.where(switch, part, 0.0))
    return w.term("Concat", *parts, axis=0).sum([0])


def squares(loss: Term, numbers: list[Term]) -> Term:
    """Of the loss and of what goes into every update; numbers known at compile time are finite."""
    total = loss * loss
    for n in numbers:
        if n.value.producer() is not None:
            total = total + n * n
    return total


def is_finite(total: Term) -> Term:
    """Whether a step may change anything, from the sum of the squares of all that changes it."""
    return total < total.build.number(np.inf)


def both(w: Weaver, gate: Term, switch: Term | None) -> Term:
    """A gate that also needs a switch, if there is one."""
    return gate if switch is None else w.term("And", gate, switch)


def follow(
    w: Weaver, states: States, followed: Sequence[tuple[ir.Value, ir.Value]], sound: Term
) -> None:
    """States whose successors are known take them over in a step that is sound."""
    for old, new in followed:
        states.follow(w.given(old), w.where(sound, w.given(new), w.given(old)))


def count(w: Weaver, states: States, counters: list[Term], sound: Term, gate: Term) -> None:
    """Behind all updates, which ask how many there have been."""
    following = w.terms("ai.odl.CountSteps", *counters, sound, gate, like=counters)
    for old, new in zip(counters, following, strict=True):
        states.follow(old, new)
