"""Biases learn: no gradient of theirs reads an activation."""

from __future__ import annotations

from odl.adapt.method import Selection
from odl.adapt.parameters import Parameter
from odl.spec import Spec


class Bias(Selection):
    name = "bias"
    trains = "the biases"
    paper = "arXiv:2106.10199"

    def chooses(self, p: Parameter, layers: int, spec: Spec) -> bool:
        return p.role == "bias"
