"""WTA-CRS: gradients of weights from a share of the positions, right on average.

It joins what another method trains: full+wta-crs:keep=0.3. The columns of the input with the
largest norms are kept, of the others some are drawn. The paper weighs columns by the norms of the
gradients as well, those of the step before; here the inputs' alone decide, which needs no state.
"""

from __future__ import annotations

from odl.adapt.method import Policy
from odl.spec import Spec


class WtaCrs(Policy):
    name = "wta-crs"
    trains = "what others do, from a share of the positions"
    paper = "arXiv:2305.15265"
    settings = ("keep", "seed")

    def share(self, spec: Spec) -> float:
        return spec.number("keep", 0.3, 1e-4, 1.0)
