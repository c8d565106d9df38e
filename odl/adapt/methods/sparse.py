"""Sparse updates: a share of a layer's weights learns, at first the smallest ones, as in SaRA.

With `every=N` they move behind each N updates, as in SFT (arXiv:2401.16405): of those that have
changed least a share goes back to what it was, and others learn, where the gradient was largest.
SaRA's nuclear norm is left out.
"""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Entries, Moves
from odl.adapt.method import Adapter, Given
from odl.errors import UsageError

MOST = 10**9


class Sparse(Adapter):
    name = "sparse"
    trains = "the smallest weights, a share of all, or a share that moves"
    paper = "arXiv:2409.06633"
    settings = ("share", "every", "turnover", "until", "seed")

    def declare(self, given: Given) -> Chain:
        share = given.spec.number("share", 0.1, 1e-6, 1)
        count = max(1, round(share * given.weight.size))
        order = np.argsort(np.abs(given.weight), axis=None, kind="stable")
        at = np.sort(order[:count])
        return Chain(entries=Entries(at, np.zeros(count), moves=_moves(given, count)))


def _moves(given: Given, count: int) -> Moves | None:
    spec = given.spec
    turnover = spec.number("turnover", 0.2, 1e-6, 1)
    until = int(spec.number("until", 0, 0, MOST))
    if "every" not in spec.settings:
        if {"turnover", "until"} & set(spec.settings):
            raise UsageError(f"{spec.option} {spec.name}: entries stay", advice="say every=N")
        return None
    every = int(spec.number("every", 0, 1, MOST))
    return Moves(every, max(1, round(turnover * count)), until, given.seed)
