"""LREC (INT2.1): integers that stay as they are, and LoRA that starts by undoing their error.

L R is the best change of rank r of W0 - Wq, seen through the inputs: SVD_r((W0 - Wq) C^1/2) C^-1/2
with C the second moments of what the layer sees. Without samples C is one, as in LoftQ. Numbers of
two bits are stored in four, for there are no kernels of two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.adapt.chain import Chain, Codes, Factor
from odl.adapt.method import Adapter, Given, svd

Array = npt.NDArray[Any]

SHARES = np.linspace(0.2, 1.0, 41)
"""Of a row's largest weight, that the largest integer may stand for."""


class Lrec(Adapter):
    name = "lrec"
    trains = "both factors, from the error of weights of 2, 4 or 8 bits"
    paper = "arXiv:2306.08162"
    settings = ("r", "alpha", "bits")
    calibrated = True
    does_without = True

    def declare(self, given: Given) -> Chain:
        bits = int(given.spec.choice("bits", "4", ("2", "4", "8")))
        codes, step = nearest(given.weight, 2 ** (bits - 1) - 1)
        assert given.covariance is not None
        root, inverse = roots(given.covariance)
        u, s, v = svd((given.weight - codes * step) @ root, given.rank)
        share = np.sqrt(s / given.scale)
        left, right = u * share[:, None, :], share[:, :, None] * (v @ inverse)
        integers = Codes(codes.astype(np.int8), max(bits, 4), Factor(step, trained=False))
        return Chain(Factor(left), right=Factor(right), scale=given.scale, codes=integers)


def nearest(weight: Array, most: int) -> tuple[Array, Array]:
    """Integers up to `most` and a step for each row, of the least squared error among SHARES."""
    top = np.abs(weight).max(axis=2, keepdims=True)
    best = np.full(top.shape, np.inf)
    codes, steps = np.zeros_like(weight), np.ones_like(top)
    for share in SHARES:
        step = (share * top / most).astype(np.float16).astype(np.float64)
        step = np.where(step == 0, 1.0, step)  # so small a row becomes zeros
        tried = np.clip(np.rint(weight / step), -most, most)
        error = ((weight - tried * step) ** 2).sum(axis=2, keepdims=True)
        better = error < best
        best = np.where(better, error, best)
        codes, steps = np.where(better, tried, codes), np.where(better, step, steps)
    return codes, steps


def roots(moments: Array) -> tuple[Array, Array]:
    """C^1/2 and its inverse; directions hardly taken count as a millionth of the most."""
    values, vectors = np.linalg.eigh(moments)
    least = np.maximum(values[..., -1:] * 1e-6, 1e-300)
    root = np.sqrt(np.maximum(values, least))[..., None, :]
    turned = vectors.swapaxes(-1, -2)
    return vectors * root @ turned, vectors / root @ turned
