"""PEQA: the weight is integers that stay as they are; the step of each output learns.

What is trained is the step over its first value. A gradient of the step itself has factors as large
as the integers, and the step is as small as one over them: no rate would suit it and the biases.
"""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Codes, Factor
from odl.adapt.method import Adapter, Given


class Peqa(Adapter):
    name = "peqa"
    trains = "the scales of weights of 4 or 8 bits"
    paper = "arXiv:2305.14152"
    settings = ("bits",)

    def declare(self, given: Given) -> Chain:
        bits = int(given.spec.choice("bits", "8", ("4", "8")))
        most = 2 ** (bits - 1) - 1
        top = np.abs(given.weight).max(axis=2, keepdims=True)
        step = np.where(top == 0, 1.0, top / most).astype(np.float16).astype(np.float64)
        step = np.where(step == 0, 1.0, step)  # so small a row becomes zeros
        codes = np.clip(np.rint(given.weight / step), -most, most)
        integers = Codes(codes.astype(np.int8), bits, Factor(step, trained=False))
        return Chain(rows=Factor(np.ones_like(step)), codes=integers)
