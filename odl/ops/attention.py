"""Attention: softmax(scale * Q K^T + masks) V, from products, masks and Softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from odl.dtype import BOOL, F32
from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node

ATTRIBUTES = (
    "is_causal", "kv_num_heads", "left_window_size", "q_num_heads", "qk_matmul_output_mode",
    "right_window_size", "scale", "softcap", "softmax_precision",
)  # fmt: skip

FAR = 1 << 31
"""Further than any sequence is long."""

RAW, CAPPED, MASKED, PROBABILITIES = range(4)
"""What qk_matmul_output_mode asks for."""


@dataclass
class Masks:
    """What is added to the scores, and the bool masks whose closed places get no weight at all."""

    biases: list[ir.Value] = field(default_factory=list)
    allowed: list[ir.Value] = field(default_factory=list)


@foreign("Attention", ATTRIBUTES)
def attention(b: Builder, node: Node) -> Sequence[ir.Value | None]:
    """The outputs are Y, the keys and values with the past before them, and the scores."""
    q, k, v = (_heads(b, node, i) for i in range(3))
    if node.has(4):
        past = [value for i in (4, 5) if (value := node.ir.inputs[i]) is not None]
        k, v = (b("Concat", old, new, axis=2) for old, new in zip(past, (k, v), strict=True))
    sizes = _Sizes(node)
    scale = node.attr("scale", 1 / math.sqrt(sizes.head))
    scaled = b("Mul", q, b.scalar("scale", scale))
    turned = b("Transpose", k, perm=[0, 1, 3, 2])
    scores = {RAW: _grouped(b, sizes, scaled, turned)}
    scores[CAPPED] = _capped(b, node, scores[RAW])
    masks = _masks(b, node, sizes)
    scores[MASKED] = scores[CAPPED]
    for bias in masks.biases:
        scores[MASKED] = b("Add", scores[MASKED], bias)
    precision = node.attr("softmax_precision", node.dtype().onnx)
    if precision not in (F32.onnx, node.dtype().onnx):
        raise node.refuse(f"softmax_precision {precision}", f"supported: {F32.onnx} (f32)")
    wide = precision != node.dtype().onnx
    x = b("Cast", scores[MASKED], to=precision) if wide else scores[MASKED]
    weights = b("Softmax", x, axis=-1)
    weights = b("Cast", weights, to=node.dtype().onnx) if wide else weights
    for mask in masks.allowed:
        weights = b("Where", mask, weights, b.scalar("none", 0.0))
    scores[PROBABILITIES] = weights
    y = _grouped(b, sizes, weights, v)
    if len(node.shape()) == 3:
        flat = np.array([sizes.batch, sizes.queries, -1], np.int64)
        y = b("Reshape", b("Transpose", y, perm=[0, 2, 1, 3]), b.constant("flat", flat))
    shown = (k, v, scores[node.attr("qk_matmul_output_mode", RAW)])
    return [y, *(b("Identity", s) if node.wants(i) else None for i, s in enumerate(shown, 1))]


class _Sizes:
    """The dimensions; the keys are those of the past and the new ones."""

    def __init__(self, node: Node) -> None:
        q, k = node.shape(0), node.shape(1)
        if len(q) == 3:
            self.q_heads, self.kv_heads = node.attr("q_num_heads", 0), node.attr("kv_num_heads", 0)
            if self.q_heads < 1 or self.kv_heads < 1:
                raise node.refuse("rank 3 without numbers of heads", "q_num_heads, kv_num_heads")
            self.head = q[2] // self.q_heads
        else:
            self.q_heads, self.kv_heads, self.head = q[1], k[1], q[3]
        if self.q_heads % self.kv_heads:
            raise node.refuse(f"{self.q_heads} heads in {self.kv_heads} groups")
        self.batch, self.queries = q[0], q[-2]
        self.past = node.shape(4)[2] if node.has(4) else 0
        self.keys = self.past + k[-2]


def _heads(b: Builder, node: Node, i: int) -> ir.Value:
    """Input `i` as [batch, heads, sequence, head size]."""
    x, shape = node.values[i], node.shape(i)
    if len(shape) == 4:
        return x
    heads = node.attr("kv_num_heads" if i else "q_num_heads", 0)
    if heads < 1 or shape[2] % heads:
        raise node.refuse(f"{heads} heads of {shape[2]} elements", "a divisor of them")
    apart = b.constant("heads", np.array([*shape[:2], heads, shape[2] // heads], np.int64))
    return b("Transpose", b("Reshape", x, apart), perm=[0, 2, 1, 3])


def _grouped(b: Builder, sizes: _Sizes, left: ir.Value, right: ir.Value) -> ir.Value:
    """left @ right, where each head of the right serves a group of heads of the left."""
    if sizes.q_heads == sizes.kv_heads:
        return b("MatMul", left, right)
    group = sizes.q_heads // sizes.kv_heads
    apart = np.array([sizes.batch, sizes.kv_heads, group, sizes.queries, -1], np.int64)
    x = b("Reshape", left, b.constant("groups", apart))
    y = b("MatMul", x, b("Unsqueeze", right, b.axes(2)))
    joined = np.array([sizes.batch, sizes.q_heads, sizes.queries, -1], np.int64)
    return b("Reshape", y, b.constant("joined", joined))


def _capped(b: Builder, node: Node, scores: ir.Value) -> ir.Value:
    softcap = node.attr("softcap", 0.0)
    if softcap <= 0:
        return scores
    cap = b.scalar("softcap", softcap)
    return b("Mul", b("Tanh", b("Div", scores, cap)), cap)


def _masks(b: Builder, node: Node, sizes: _Sizes) -> Masks:
    """A row that is closed everywhere has weights of zero, and Softmax alone would make NaN."""
    masks = Masks()
    given = node.ir.inputs[3] if node.has(3) else None
    if given is not None:
        _given(b, node, sizes, given, masks)
    if node.has(6):
        _counted(b, node, sizes, masks)
        return masks
    behind = np.arange(sizes.queries)[:, None] + sizes.past - np.arange(sizes.keys)
    left, right = _bounds(node)
    seen = (behind <= left) & (behind >= -right)
    if not seen.all():
        mask = b.constant("window", seen)
        masks.biases.append(_bias(b, mask))
        if given is not None or not seen.any(axis=1).all():
            masks.allowed.append(mask)
    return masks


def _bias(b: Builder, mask: ir.Value) -> ir.Value:
    return b("Where", mask, b.scalar("open", 0.0), b.scalar("closed", -math.inf))


def _given(b: Builder, node: Node, sizes: _Sizes, mask: ir.Value, masks: Masks) -> None:
    """The mask of the model; keys that it does not reach are closed."""
    shape, is_bool = node.shape(3), node.dtype(3) is BOOL
    missing = sizes.keys - shape[-1]
    if missing > 0:
        pads = b.constant("pads", np.array([0] * (2 * len(shape) - 1) + [missing], np.int64))
        filler = np.array(False) if is_bool else np.array(-math.inf)
        mask = b("Pad", mask, pads, b.constant("outside", filler))
    if is_bool:
        masks.biases.append(_bias(b, mask))
        masks.allowed.append(mask)
        return
    masks.biases.append(mask)
    masks.allowed.append(b("Not", b("IsInf", mask, detect_positive=0)))


def _bounds(node: Node) -> tuple[int, int]:
    """How far a query sees behind itself and ahead; no bound is further than any sequence."""
    left, right = node.attr("left_window_size", -1), node.attr("right_window_size", -1)
    right = FAR if right < 0 else right
    return FAR if left < 0 else left, 0 if node.attr("is_causal", 0) else right


def _counted(b: Builder, node: Node, sizes: _Sizes, masks: Masks) -> None:
    """Masks from the number of valid keys of each sample, which only the device knows.

    The queries stand at the end of the valid keys: the key's place behind a query is `behind` plus
    that number.
    """
    column = b.constant("column", np.array([-1, 1, 1, 1], np.int64))
    valid = b("Reshape", node.ir.inputs[6], column)
    keys = np.arange(sizes.keys)
    behind = np.arange(sizes.queries)[:, None] - sizes.queries - keys
    left, right = _bounds(node)
    mask = b("Less", b.constant("keys", keys), valid)
    if right < FAR:
        mask = b("And", mask, b("LessOrEqual", b.constant("right", -right - behind), valid))
    if left < FAR:
        mask = b("And", mask, b("LessOrEqual", valid, b.constant("left", left - behind)))
    masks.biases.append(_bias(b, mask))
    masks.allowed.append(mask)
