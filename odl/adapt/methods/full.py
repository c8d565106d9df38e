"""Everything learns."""

from __future__ import annotations

from odl.adapt.method import Selection
from odl.adapt.parameters import Parameter
from odl.spec import Spec


class Full(Selection):
    name = "full"
    trains = "all parameters of the layers"

    def chooses(self, p: Parameter, layers: int, spec: Spec) -> bool:
        return True
