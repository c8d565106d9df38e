"""LoRA-FA with orthonormal rows of R, so that adapters of different seeds hardly meet."""

from __future__ import annotations

import numpy as np

from odl.adapt.chain import Chain, Factor
from odl.adapt.method import Adapter, Given
from odl.adapt.methods.lora import seeded_right, zero_left


class Orthogonal(Adapter):
    name = "orthogonal"
    trains = "the left factor of a change whose right one is orthonormal"
    paper = "arXiv:2312.02432"

    def declare(self, given: Given) -> Chain:
        """R is what QR makes of seeded numbers, with the signs fixed by a positive diagonal."""
        q, r = np.linalg.qr(seeded_right(given, False).values.swapaxes(-1, -2))
        signs = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
        right = (q * signs[..., None, :]).swapaxes(-1, -2)
        return Chain(zero_left(given), right=Factor(right, False), scale=given.scale)
