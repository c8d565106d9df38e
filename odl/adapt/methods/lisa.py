"""LISA: a few layers at a time learn whole, drawn anew after every `period` updates.

The backward walk ends at the first layer that learns; the last one always does. What an optimiser
keeps of a layer stays with it until its next turn.
"""

from __future__ import annotations

from odl.adapt.method import Rotation, Selection
from odl.adapt.parameters import Parameter
from odl.spec import Spec


class Lisa(Selection):
    name = "lisa"
    trains = "some layers at a time, and the last"
    paper = "arXiv:2403.17919"
    settings = ("layers", "period", "seed")

    def chooses(self, p: Parameter, layers: int, spec: Spec) -> bool:
        return True

    def rotation(self, spec: Spec) -> Rotation:
        return Rotation(
            int(spec.number("layers", 2, 1, 1e6)),
            int(spec.number("period", 50, 1, 1e9)),
            int(spec.number("seed", 0, 0, 2**32 - 1)),
        )
