"""A core of r x r between frozen singular vectors, as in LaMDA and LoRA-SB.

The core starts at the singular values R0 and learns R = R0 + dR. Since L R0 R is a part of W0, the
base keeps it and dR alone is stored: it starts at zero, where half precision is finest.
"""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Factor
from odl.adapt.method import Adapter, Given, svd


class Core(Adapter):
    name = "core"
    trains = "an r x r core between the weight's singular vectors"
    paper = "arXiv:2406.12832"
    settings = ("r", "alpha")

    def declare(self, given: Given) -> Chain:
        u, _, v = svd(given.weight, given.rank)
        core = np.zeros((len(u), given.rank, given.rank))
        left, right = Factor(u, trained=False), Factor(v, trained=False)
        return Chain(left, Factor(core), right, given.scale)
