"""EVA: LoRA whose R spans what the layer sees most; layers that see more get more of the ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from odl.adapt.chain import Chain, Factor
from odl.adapt.method import Adapter, Given, requested_rank
from odl.adapt.methods.lora import zero_left


class Eva(Adapter):
    name = "eva"
    trains = "both factors, from the directions of its inputs"
    paper = "arXiv:2410.07170"
    settings = ("r", "alpha", "rho", "frozen")
    calibrated = True

    def ranks(self, layers: Sequence[Given]) -> list[int]:
        """r on average, rho r at most: the largest shares of explained variance of all layers."""
        r, shares = requested_rank(layers[0].spec), []
        for number, g in enumerate(layers):
            assert g.covariance is not None
            most = min(int(r * g.spec.number("rho", 2.0, 1.0, 64.0)), *g.weight.shape[1:])
            values = np.linalg.eigvalsh(g.covariance).clip(0)[:, ::-1]
            explained = (values / np.maximum(values.sum(-1, keepdims=True), 1e-300)).mean(0)
            shares += [(float(-v), number) for v in explained[:most]]
        taken = [number for _, number in sorted(shares)[: r * len(layers)]]
        return [max(1, taken.count(number)) for number in range(len(layers))]

    def declare(self, given: Given) -> Chain:
        assert given.covariance is not None
        _, vectors = np.linalg.eigh(given.covariance)
        top = vectors[..., ::-1][..., : given.rank].swapaxes(-1, -2)
        right = Factor(top, trained=not given.spec.flag("frozen"))
        return Chain(zero_left(given), right=right, scale=given.scale)
