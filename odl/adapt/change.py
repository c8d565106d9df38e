"""What has become of a weight: how large the change is, of what rank, and where it points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ENERGY = 1e-6
"""Share of a change's energy that a direction must have to count for its rank."""

ROUNDING = 1e-6
"""Of a parameter's norm: a smaller change may come from rounding factors that make the weight."""

LEADING, FAR = 10, 0.5
"""So many singular vectors are looked at; so little they may share with any that was there."""


@dataclass(frozen=True)
class Change:
    """What has become of one parameter."""

    name: str
    method: str
    rank: int
    """Directions that hold a millionth of the change's energy; 0: it is none but rounding."""
    norm: float
    """Of the change: the root of the sum of squares."""
    spectral: float
    """The largest singular value of the change."""
    size: float
    """Norm of the change, relative to that of the parameter."""
    lost: float
    """Share of the change's energy that rounding to single precision takes away."""
    intruders: int
    """Of the ten largest singular vectors on the longer side, those that are far from all that the
    parameter had before (arXiv:2410.21228)."""


@dataclass(frozen=True)
class Difference:
    """What two adapters make of one parameter."""

    name: str
    method: str
    norm: float
    """Of the difference of the two that they make."""
    size: float
    """The same, relative to the norm that the parameter had before."""
    cosine: float | None
    """Between the changes; None: one of them is none, or as small as rounding."""
    ranks: tuple[int, int]
    only: str
    """`a` or `b` if only that one has changed the parameter."""


def change_of(name: str, method: str, old: Array, exact: Array) -> Change:
    """From matrices [groups, rows, columns], the new one in double precision."""
    before = old.astype(np.float64)
    change = exact.astype(np.float64) - before
    energy, rounded = float((change**2).sum()), exact.astype(np.float32).astype(np.float64)
    lost = float(((rounded - exact) ** 2).sum()) / energy if energy else 0.0
    values = np.linalg.svd(change, compute_uv=False)
    was = float(np.linalg.norm(before))
    pairs = zip(before, change, strict=True)
    return Change(
        name,
        method,
        rank_of(values) * (energy**0.5 > ROUNDING * was),
        energy**0.5,
        float(values.max(initial=0)),
        energy**0.5 / max(was, 1e-300),
        lost,
        sum(_intruders(b, b + c) for b, c in pairs if min(c.shape) > 1),
    )


def difference_of(name: str, method: str, old: Array, a: Array, b: Array) -> Difference:
    """From matrices [groups, rows, columns] in double precision, before and as both make them."""
    before = old.astype(np.float64)
    changes = [m.astype(np.float64) - before for m in (a, b)]
    norms = [float(np.linalg.norm(c)) for c in changes]
    norm, was = float(np.linalg.norm(changes[0] - changes[1])), float(np.linalg.norm(before))
    some = [n > ROUNDING * was for n in norms]
    values = [np.linalg.svd(c, compute_uv=False) for c in changes]
    return Difference(
        name,
        method,
        norm,
        norm / max(was, 1e-300),
        float((changes[0] * changes[1]).sum()) / (norms[0] * norms[1]) if all(some) else None,
        (rank_of(values[0]) * some[0], rank_of(values[1]) * some[1]),
        "" if some[0] == some[1] else "ab"[some[1]],
    )


def rank_of(values: Array) -> int:
    """Of singular values [groups, any], in the group where it is largest."""
    energy = values**2
    counted = energy > ENERGY * energy.sum(axis=-1, keepdims=True)
    return int(np.count_nonzero(counted, axis=-1).max(initial=0))


def _intruders(before: Array, now: Array) -> int:
    tall = now.shape[0] >= now.shape[1]
    new, old = (np.linalg.svd(m if tall else m.T, full_matrices=False)[0] for m in (now, before))
    return int(np.count_nonzero(np.abs(new[:, :LEADING].T @ old).max(axis=1) < FAR))
