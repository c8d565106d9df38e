"""Scales and shifts of normalisation layers learn."""

from __future__ import annotations

from odl.adapt.method import Selection
from odl.adapt.parameters import Parameter
from odl.spec import Spec


class Norm(Selection):
    name = "norm"
    trains = "scale and shift of normalisation layers"
    paper = "arXiv:2003.00152"
    keeps_norms = True

    def chooses(self, p: Parameter, layers: int, spec: Spec) -> bool:
        return p.role == "norm"
