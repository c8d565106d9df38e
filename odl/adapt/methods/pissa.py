"""PiSSA: LoRA that starts from the largest singular values, which the base then does not have."""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Factor
from odl.adapt.method import Adapter, Given, svd


class Pissa(Adapter):
    name = "pissa"
    trains = "the r largest singular values and their vectors"
    paper = "arXiv:2404.02948"
    settings = ("r", "alpha")
    residual_in_peft = "pissa"

    def declare(self, given: Given) -> Chain:
        u, s, v = svd(given.weight, given.rank)
        root = np.sqrt(s / given.scale)
        left, right = u * root[:, None, :], root[:, :, None] * v
        return Chain(Factor(left), right=Factor(right), scale=given.scale, residual=True)
