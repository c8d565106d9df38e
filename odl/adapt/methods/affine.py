"""Scale and offset of each output learn, as in LoFiT; afterwards both are a part of the layer."""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Factor
from odl.adapt.method import Adapter, Given


class Affine(Adapter):
    name = "affine"
    trains = "scale and bias of each output"
    paper = "arXiv:2406.01563"
    settings = ()

    def declare(self, given: Given) -> Chain:
        groups, outputs, _ = given.weight.shape
        return Chain(rows=Factor(np.ones((groups, outputs, 1))), bias=True)
