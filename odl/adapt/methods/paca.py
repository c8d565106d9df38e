"""PaCA: k input channels of each weight learn; nothing but those channels is stored.

The change is kept, not the new weights: in half precision it is finest near zero.
"""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Columns, Factor
from odl.adapt.generator import choose
from odl.adapt.method import LARGEST_RANK, Adapter, Given


class Paca(Adapter):
    name = "paca"
    trains = "the weights of k input channels"
    paper = "arXiv:2503.01905"
    settings = ("k", "seed")

    def declare(self, given: Given) -> Chain:
        groups, outputs, _ = given.weight.shape
        k = min(int(given.spec.number("k", 8, 1, LARGEST_RANK)), given.channels)
        chosen = np.stack([choose(given.seed + g, k, given.channels) for g in range(groups)])
        left = Factor(np.zeros((groups, outputs, k * given.taps)))
        return Chain(left, right=Columns(chosen))
