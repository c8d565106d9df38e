"""Sparse updates: the smallest weights of a layer learn, as in SaRA; their places do not change.

Dropping and growing (SFT, arXiv:2401.16405) and SaRA's nuclear norm are left out.
"""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Entries
from odl.adapt.method import Adapter, Given


class Sparse(Adapter):
    name = "sparse"
    trains = "the smallest weights, a share of all"
    paper = "arXiv:2409.06633"
    settings = ("share",)

    def declare(self, given: Given) -> Chain:
        share = given.spec.number("share", 0.1, 1e-6, 1)
        count = max(1, round(share * given.weight.size))
        order = np.argsort(np.abs(given.weight), axis=None, kind="stable")
        return Chain(entries=Entries(np.sort(order[:count]), np.zeros(count)))
