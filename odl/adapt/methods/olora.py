"""OLoRA: LoRA that starts from a QR decomposition of the weight, with L orthonormal."""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Factor
from odl.adapt.method import Adapter, Given


class OLora(Adapter):
    name = "olora"
    trains = "both factors, from the weight's QR decomposition"
    paper = "arXiv:2406.01775"
    settings = ("r", "alpha")
    residual_in_peft = "olora"

    def declare(self, given: Given) -> Chain:
        q, r = np.linalg.qr(given.weight)
        left, right = Factor(q[..., : given.rank]), Factor(r[:, : given.rank])
        return Chain(left, right=right, scale=given.scale, residual=True)
