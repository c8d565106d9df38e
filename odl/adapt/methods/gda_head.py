"""The head becomes a Gaussian discriminant analysis of what it sees; nothing has a gradient."""

from __future__ import annotations

from odl.adapt.method import Selection
from odl.adapt.parameters import Parameter
from odl.spec import Spec


class GdaHead(Selection):
    name = "gda-head"
    trains = "means and a common covariance before the last layer"
    paper = "arXiv:2402.04087"
    settings = ("ridge", "weight")
    strategy = "gda"

    def chooses(self, p: Parameter, layers: int, spec: Spec) -> bool:
        return False
