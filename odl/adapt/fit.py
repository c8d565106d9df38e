"""Factors that make a change that was learnt elsewhere: values of what a layer's chain trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.adapt.chain import Chain
from odl.adapt.method import svd

Array = npt.NDArray[Any]

LOST = 1e-9
"""Share of a change's energy that may be missing: what single precision takes is less."""


def fit(
    chain: Chain,
    trained: Sequence[str],
    start: Mapping[str, Array],
    wanted: tuple[Array, Array],
    channels: int,
) -> dict[str, Array] | None:
    """Values of the roles that are trained, with which scale L M R is the product that is wanted.

    Args:
        start: the factors at first, as matrices.
        wanted: [groups, rows, any] and [groups, any, columns].

    Returns:
        None if no values make it.
    """
    roles, change = set(trained), wanted[0] @ wanted[1]
    if roles == {"left", "right"} and chain.core is None:
        made = _both(chain.scale, start, wanted)
    elif roles == {"left"} and chain.core is None and chain.entries is None:
        right = chain.product(start, channels)[1]
        made = {"left": change @ np.linalg.pinv(right) / chain.scale}
    elif roles == {"core"}:
        left, right = (np.linalg.pinv(start[k]) for k in ("left", "right"))
        made = {"core": left @ change @ right / chain.scale}
    else:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        made = {k: v.astype(np.float32) for k, v in made.items()}
        values = {**start, **{k: v.astype(np.float64) for k, v in made.items()}}
        error = ((chain.delta(values, channels) - change) ** 2).sum()
    return made if error <= LOST * (change**2).sum() else None


def _both(
    scale: float, start: Mapping[str, Array], wanted: tuple[Array, Array]
) -> dict[str, Array]:
    """As they are where they are no more than there is room for, else their largest part.

    Where the rank is less, R keeps what it starts from: rows of zeros on both sides never learn.
    """
    left, right = wanted
    rank = start["right"].shape[1]
    if left.shape[2] > rank:
        u, s, v = svd(left @ right, rank)
        root = np.sqrt(s)
        left, right = u * root[:, None, :], root[:, :, None] * v
    idle = rank - left.shape[2]
    left = np.pad(left / scale, ((0, 0), (0, 0), (0, idle)))
    right = np.concatenate([right, start["right"][:, rank - idle :]], axis=1)
    learns = np.any(left, axis=1, keepdims=True) | np.any(right, axis=2)[:, None]
    return {"left": left, "right": np.where(learns.swapaxes(1, 2), right, start["right"])}
