"""MiSS: R adds up blocks of r channels, which takes no storage and no multiplication."""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Blocks, Chain, Factor
from odl.adapt.method import Adapter, Given, requested_rank


class Miss(Adapter):
    name = "miss"
    trains = "the left factor of a change that channels share"
    paper = "arXiv:2409.15371"
    settings = ("r",)

    def declare(self, given: Given) -> Chain:
        groups, outputs, _ = given.weight.shape
        rank = min(requested_rank(given.spec), given.channels)
        left = Factor(np.zeros((groups, outputs, rank * given.taps)))
        return Chain(left, right=Blocks(rank))
