"""Strides of dense tensors, and loop nests of as few dimensions as they allow."""

from __future__ import annotations

import math

RANK = 6
"""ODL_RANK of kernels.h: the most dimensions of a loop nest after merging."""


def dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Row-major strides in elements."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def broadcast(shape: tuple[int, ...], to: tuple[int, ...]) -> tuple[int, ...]:
    """Strides that read a dense tensor of `shape` as if it had the shape `to` (NumPy's rule)."""
    padded = (1,) * (len(to) - len(shape)) + shape
    return tuple(0 if n == 1 else s for n, s in zip(padded, dense(padded), strict=True))


def merge(
    dims: tuple[int, ...], *strides: tuple[int, ...]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Join neighbouring dimensions that every operand walks through without a jump.

    Returns:
        the dimensions (at least one) and the strides of each operand, unit dimensions left out.
    """
    out_dims: list[int] = []
    out: list[list[int]] = [[] for _ in strides]
    for d, *step in zip(dims, *strides, strict=True):
        if d == 1:
            continue
        joins = out_dims and all(o[-1] == s * d for o, s in zip(out, step, strict=True))
        if joins:
            out_dims[-1] *= d
            for o, s in zip(out, step, strict=True):
                o[-1] = s
        else:
            out_dims.append(d)
            for o, s in zip(out, step, strict=True):
                o.append(s)
    if not out_dims:
        return (1,), [(0,) for _ in strides]
    return tuple(out_dims), [tuple(o) for o in out]


def fill(values: tuple[int, ...], value: int) -> tuple[int, ...]:
    """`values` filled up in front to RANK entries, as the C structs want them."""
    return (value,) * (RANK - len(values)) + tuple(values)
