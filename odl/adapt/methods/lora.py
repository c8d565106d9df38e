"""LoRA: W = W0 + (alpha / r) L R; L starts at zero, R at seeded random numbers."""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Factor, Seeded
from odl.adapt.generator import uniform
from odl.adapt.method import Adapter, Given


def seeded_right(given: Given, trained: bool, again: bool = False) -> Factor:
    """R of even numbers within 1 / sqrt(columns), as the LoRA of PEFT has it.

    Args:
        again: it is made wherever it is read, and not stored.
    """
    groups, _, columns = given.weight.shape
    scale = np.float32(columns**-0.5)
    numbers = uniform(given.seed, (groups, given.rank, columns)) * scale
    return Factor(numbers, trained, Seeded(given.seed, float(scale)) if again else None)


def zero_left(given: Given) -> Factor:
    groups, outputs, _ = given.weight.shape
    return Factor(np.zeros((groups, outputs, given.rank)))


class Lora(Adapter):
    name = "lora"
    trains = "both factors of a rank-r change"
    paper = "arXiv:2106.09685"

    def declare(self, given: Given) -> Chain:
        return Chain(zero_left(given), right=seeded_right(given, True), scale=given.scale)
