"""ai.odl.CountSteps and ai.odl.FollowScale: what a training step keeps beside what it learns."""

from __future__ import annotations

import numpy as np
import onnx

from odl.dtype import BOOL, F32, I32, DType
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import Call, In, Out, kernel


@kernel
def count_steps(
    updates: In,
    skipped: In,
    in_row: In,
    sound: In,
    gate: In,
    updates_next: Out,
    skipped_next: Out,
    in_row_next: Out,
) -> None:
    """One more update where the gate is open, one more step skipped where it is not sound.

    in_row_next counts the steps skipped since the last sound one.
    """
    bad = np.int32(not sound[0])
    counts = (updates[0] + np.int32(gate[0]), skipped[0] + bad, (in_row[0] + bad) * bad)
    updates_next[0], skipped_next[0], in_row_next[0] = counts


@kernel
def follow_scale(
    scale: In,
    steady: In,
    sound: In,
    scale_next: Out,
    steady_next: Out,
    growth: int,
    largest: float,
) -> None:
    """Half the scale, but 1, where the step is not sound; twice, to `largest`, after `growth` sound
    ones, which `steady` counts.
    """
    steps = steady[0] + np.int32(1)
    grows = steps >= growth
    kept = min(2 * scale[0], np.float32(largest)) if grows else scale[0]
    scale_next[0] = kept if sound[0] else max(scale[0] / 2, np.float32(1))
    steady_next[0] = steps if sound[0] and not grows else 0


class CountSteps(Operator):
    """Inputs: updates, skipped and in_row, i32, and the booleans sound and gate, all of rank 0."""

    op_types = ("ai.odl.CountSteps",)
    kernels = (count_steps,)
    dtypes = (I32,)
    note = "counters of a training step"

    def function(self) -> onnx.FunctionProto:
        return body("""
            CountSteps (updates, skipped, in_row, sound, gate)
                    => (updates_next, skipped_next, in_row_next) {
                made = CastLike (gate, updates)
                good = CastLike (sound, updates)
                one_i = Constant <value_int = 1> ()
                one = CastLike (one_i, updates)
                bad = Sub (one, good)
                updates_next = Add (updates, made)
                skipped_next = Add (skipped, bad)
                longer = Add (in_row, bad)
                in_row_next = Mul (longer, bad)
            }""")

    def check(self, node: Node) -> None:
        _check_scalars(node, I32, I32, I32, BOOL, BOOL)

    def lower(self, node: Node) -> list[Call]:
        olds = ("updates", "skipped", "in_row")
        args = node.named(*olds, "sound", "gate")
        args |= {f"{name}_next": node.output(i) for i, name in enumerate(olds)}
        return [Call(count_steps, str(I32), args, overlay=olds)]


class FollowScale(Operator):
    """Inputs: scale, f32, steady, i32, and the boolean sound, all of rank 0.

    Micikevicius et al., Mixed Precision Training (arXiv:1710.03740), section 3.2.
    """

    op_types = ("ai.odl.FollowScale",)
    kernels = (follow_scale,)
    attributes = ("growth", "largest")
    dtypes = (F32,)
    note = "loss scale of a training step"

    def function(self) -> onnx.FunctionProto:
        return body("""
            FollowScale <growth, largest> (scale, steady, sound) => (scale_next, steady_next) {
                one_i = Constant <value_int = 1> ()
                one = CastLike (one_i, steady)
                steps = Add (steady, one)
                growth_i = Constant <value_int: int = @growth> ()
                growth_like = CastLike (growth_i, steady)
                long_enough = GreaterOrEqual (steps, growth_like)
                most_f = Constant <value_float: float = @largest> ()
                most = CastLike (most_f, scale)
                twice = Add (scale, scale)
                grown = Min (twice, most)
                half_f = Constant <value_float = 0.5> ()
                half = CastLike (half_f, scale)
                halved = Mul (scale, half)
                least = CastLike (one_i, scale)
                shrunk = Max (halved, least)
                kept = Where (long_enough, grown, scale)
                scale_next = Where (sound, kept, shrunk)
                none_i = Constant <value_int = 0> ()
                none = CastLike (none_i, steady)
                counted = Where (long_enough, none, steps)
                steady_next = Where (sound, counted, none)
            }""")

    def check(self, node: Node) -> None:
        _check_scalars(node, F32, I32, BOOL)

    def lower(self, node: Node) -> list[Call]:
        args = node.named("scale", "steady", "sound")
        args |= {"scale_next": node.output(), "steady_next": node.output(1)}
        numbers = {"growth": node.attr("growth", 1), "largest": node.attr("largest", 1.0)}
        return [Call(follow_scale, str(F32), args | numbers, overlay=("scale", "steady"))]


def _check_scalars(node: Node, *kinds: DType) -> None:
    for i, kind in enumerate(kinds):
        if node.shape(i) != () or node.dtype(i) != kind:
            raise node.refuse(f"operand {i} is {node.dtype(i)} {list(node.shape(i))}, not {kind}")
