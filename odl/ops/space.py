"""DepthToSpace and SpaceToDepth: one Transpose between two Reshapes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node


def _shuffle(
    b: Builder, x: ir.Value, apart: Sequence[int], perm: list[int], joined: Sequence[int]
) -> ir.Value:
    """Reshape to `apart`, Transpose by `perm`, Reshape to `joined`."""
    split = b("Reshape", x, b.constant("apart", np.array(apart, np.int64)))
    moved = b("Transpose", split, perm=perm)
    return b("Reshape", moved, b.constant("joined", np.array(joined, np.int64)))


def _blocks(node: Node) -> tuple[tuple[int, ...], int]:
    shape, size = node.shape(), node.attr("blocksize", 0)
    if len(shape) != 4 or size < 1:
        raise node.refuse(f"rank {len(shape)} and blocksize {size}", "rank 4, positive blocks")
    return shape, size


@foreign("DepthToSpace", ("blocksize", "mode"))
def depth_to_space(b: Builder, node: Node) -> Sequence[ir.Value]:
    (n, c, h, w), size = _blocks(node)
    mode = node.attr("mode", "DCR")
    if mode not in ("DCR", "CRD") or c % size**2:
        raise node.refuse(
            f"mode '{mode}' of {c} channels", "supported: DCR and CRD of whole blocks"
        )
    deep = c // size**2
    channels = (size, size, deep) if mode == "DCR" else (deep, size, size)
    perm = [0, 3, 4, 1, 5, 2] if mode == "DCR" else [0, 1, 4, 2, 5, 3]
    return [_shuffle(b, node.values[0], (n, *channels, h, w), perm, (n, deep, h * size, w * size))]


@foreign("SpaceToDepth", ("blocksize", "mode"))
def space_to_depth(b: Builder, node: Node) -> Sequence[ir.Value]:
    (n, c, h, w), size = _blocks(node)
    mode = node.attr("mode", "DCR")
    if mode not in ("DCR", "CRD") or h % size or w % size:
        raise node.refuse(f"mode '{mode}' of {h} x {w}", "supported: DCR and CRD of whole blocks")
    high, wide = h // size, w // size
    perm = [0, 3, 5, 1, 2, 4] if mode == "DCR" else [0, 1, 3, 5, 2, 4]
    apart = (n, c, high, size, wide, size)
    return [_shuffle(b, node.values[0], apart, perm, (n, c * size**2, high, wide))]
