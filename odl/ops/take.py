"""Gathering through a table of source offsets for each axis: what pads, crops and enlarges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from odl.ops import strides
from odl.ops.node import Node
from odl.program import Call, In, Out, Ref, kernel

Run = npt.NDArray[np.int64]


@kernel
def take(x: In, table: In, value: In | None, y: Out, rank: int, dims: tuple[int, ...]) -> None:
    """y[i] = x[sum over axes a of table_a[i_a]]; where any entry is -1, y[i] = value (or 0).

    `table` holds dims[0] + ... + dims[rank-1] entries, one run for each axis, in elements.
    """
    used = dims[-rank:]
    runs = np.split(table[: sum(used)], np.cumsum(used)[:-1])
    grid = np.stack(np.meshgrid(*runs, indexing="ij")).reshape(rank, -1)
    outside = (grid < 0).any(axis=0)
    filler = value[0] if value is not None else 0
    y[: outside.size] = np.where(outside, filler, x[np.where(outside, 0, grid.sum(axis=0))])


def take_call(
    node: Node, shape: tuple[int, ...], runs: Sequence[Run], value: Ref | None = None
) -> Call:
    """The call that makes the node's output from its first input, dense and of `shape`.

    Args:
        runs: for each axis, the source index of each output position; -1 takes `value`, or 0.
    """
    shape, merged = _merge(shape, [np.asarray(r) for r in runs])
    if len(shape) > strides.RANK:
        raise node.refuse(f"indexing over {len(shape)} dimensions", f"at most {strides.RANK}")
    steps = strides.dense(shape)
    table = np.concatenate([np.where(r < 0, -1, r * s) for r, s in zip(merged, steps, strict=True)])
    args = {
        "x": node.input(0),
        "table": node.new_table("table", table.astype(np.int32)),
        "value": value,
        "y": node.output(),
        "rank": len(shape),
        "dims": strides.fill(tuple(len(r) for r in merged), 1),
    }
    return Call(take, f"b{8 * node.dtype().size}", args)


def _merge(shape: tuple[int, ...], runs: list[Run]) -> tuple[tuple[int, ...], list[Run]]:
    """Join neighbouring axes where that makes no table longer than the two; at least one is left.

    An axis that is taken as it is joins another one, and any axis joins one of a single element.
    """
    dims, out = [1], [np.zeros(1, np.int64)]
    for n, run in zip(shape, runs, strict=True):
        whole = _is_whole(run, n)
        if whole and (len(out[-1]) == 1 or n == 1 or _is_whole(out[-1], dims[-1])):
            outer = out[-1][:, None]
            out[-1] = np.where(outer < 0, -1, outer * n + np.arange(n)).ravel()
            dims[-1] *= n
        elif dims[-1] == 1 and len(out[-1]) == 1 and out[-1][0] == 0:
            dims[-1], out[-1] = n, run
        else:
            dims.append(n)
            out.append(run)
    return tuple(dims), out


def _is_whole(run: Run, n: int) -> bool:
    return len(run) == n and bool((run == np.arange(n)).all())
