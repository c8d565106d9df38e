"""ai.odl.SamplePositions: of many positions the largest, and some of the others in their stead.

The winner-take-all column-row sampling of WTA-CRS (arXiv:2305.15265): a sum over all positions is
estimated from k of them. The c largest count as they are; the other k - c are drawn, each with a
probability p in proportion to its norm, and count 1 / (p (k - c)) times, so that the estimate is
right on average. c is where the least is left to draw for each that is drawn.

Norms become integers, by a power of two, and all that decides is integer arithmetic: what is
chosen does not depend on rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from odl.dtype import I32
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.random_numbers import in_onnx, numbers, signed
from odl.ops.wide import FLOATS
from odl.program import Call, In, Out, kernel

MOST = 1 << 16
"""Positions: their sum of integers below 2^15 fits into 32 bits."""
LOW = -100
"""Of a largest norm below 2^LOW no digits are taken."""


@kernel
def sample(
    norm: In,
    number: In,
    index: Out,
    weight: Out,
    keys: Out,
    sums: Out,
    n: int,
    k: int,
    seed: int,
) -> None:
    """index, weight [k] of the positions that stand for all n; keys and sums [n] are scratch."""
    order, q = _ordered(norm[:n].astype(np.float64))
    total = np.cumsum(q)
    left = total[-1] - np.concatenate([[0], total[: k - 1]])
    c = int(np.argmin(left / (k - np.arange(k, dtype=np.float64))))
    own = int(numbers(seed, number[:1])[0])
    drawn = numbers(own, np.arange(k)).astype(np.int64) >> 1
    target = total[-1] - left[c] + (drawn * left[c] >> 31)
    place = np.where(np.arange(k) < c, np.arange(k), np.searchsorted(total, target, "right"))
    index[:k] = order[place]
    weight[:k] = np.where(np.arange(k) < c, 1, left[c] / (q[place] * (k - c)))


def _ordered(norm: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The positions by falling norms, and these as integers from 1 on; of equal ones the first."""
    finite = np.where(np.isfinite(norm), norm, 0)
    exponent = max(int(np.frexp(finite.max())[1]) - 1 if finite.any() else LOW, LOW)
    q = np.floor(finite * 2.0 ** (14 - exponent)).astype(np.int64) + 1
    order = np.argsort(-q, kind="stable")
    return order, q[order]


class SamplePositions(Operator):
    """Inputs: the norms [n] of what stands at each position, and which draw it is, an integer.

    Outputs index [k], int32, and weight [k], float32.
    """

    op_types = ("ai.odl.SamplePositions",)
    kernels = (sample,)
    attributes = ("k", "seed")
    dtypes = FLOATS
    note = "deterministic draw; up to 65536 positions"

    def function(self) -> onnx.FunctionProto:
        return body(f"""
            SamplePositions <k, seed> (norm, number) => (index, weight) {{
                wide = Cast <to = 11> (norm)
                nan = IsNaN (wide)
                inf = IsInf (wide)
                bad = Or (nan, inf)
                nothing = Constant <value_float = 0.0> ()
                naught = Cast <to = 11> (nothing)
                finite = Where (bad, naught, wide)
                top = ReduceMax <keepdims = 0> (finite)
                low = Constant <value_int = {LOW}> ()
                high = Constant <value_int = 129> ()
                none = Constant <value_int = 0> ()
                step = Constant <value_int = 1> ()
                exponents = Range (low, high, step)
                twof = Constant <value_float = 2.0> ()
                two = Cast <to = 11> (twof)
                exponents_wide = Cast <to = 11> (exponents)
                powers = Pow (two, exponents_wide)
                reached = GreaterOrEqual (top, powers)
                reached_int = Cast <to = 7> (reached)
                count = ReduceSum <keepdims = 0> (reached_int)
                behind = Max (count, step)
                above = Sub (behind, step)
                exponent = Add (above, low)
                bits = Constant <value_int = 14> ()
                shift = Sub (bits, exponent)
                shift_wide = Cast <to = 11> (shift)
                scale = Pow (two, shift_wide)
                scaled = Mul (finite, scale)
                whole = Floor (scaled)
                floor = Cast <to = 7> (whole)
                q = Add (floor, step)
                most = Constant <value_int = {MOST}> ()
                high_part = Mul (q, most)
                dims = Shape (norm)
                n = ReduceMax <keepdims = 0> (dims)
                places = Range (none, n, step)
                last_place = Sub (n, step)
                low_part = Sub (last_place, places)
                keys = Add (high_part, low_part)
                sorted, order = TopK (keys, dims)
                sorted_q = Div (sorted, most)
                sums = CumSum (sorted_q, none)
                total = ReduceSum <keepdims = 0> (sorted_q)
                before = Sub (sums, sorted_q)
                k = Constant <value_int: int = @k> ()
                slots = Range (none, k, step)
                top_sums = Gather (before, slots)
                lefts = Sub (total, top_sums)
                rooms = Sub (k, slots)
                lefts_wide = Cast <to = 11> (lefts)
                rooms_wide = Cast <to = 11> (rooms)
                ratios = Div (lefts_wide, rooms_wide)
                c = ArgMin <axis = 0, keepdims = 0> (ratios)
                left = Gather (lefts, c)
                room = Gather (rooms, c)
                draw = Cast <to = 7> (number)
                seed = Constant <value_int: int = @seed> ()
                {in_onnx("own", "seed", "draw")}
                {in_onnx("drawn", "own", "slots")}
                pair = Constant <value_int = 2> ()
                drawn_half = Div (drawn, pair)
                product = Mul (drawn_half, left)
                range = Constant <value_int = {1 << 31}> ()
                into = Div (product, range)
                surely = Sub (total, left)
                target = Add (surely, into)
                axis1 = Constant <value_ints = [1]> ()
                column = Unsqueeze (target, axis1)
                passed = LessOrEqual (sums, column)
                passed_int = Cast <to = 7> (passed)
                found = ReduceSum <keepdims = 0> (passed_int, axis1)
                is_kept = Less (slots, c)
                place = Where (is_kept, slots, found)
                index_wide = Gather (order, place)
                index = Cast <to = 6> (index_wide)
                own_q = Gather (sorted_q, place)
                parts = Mul (own_q, room)
                parts_wide = Cast <to = 11> (parts)
                left_wide = Cast <to = 11> (left)
                more = Div (left_wide, parts_wide)
                onef = Constant <value_float = 1.0> ()
                one = Cast <to = 11> (onef)
                weight_wide = Where (is_kept, one, more)
                weight = Cast <to = 1> (weight_wide)
            }}""")

    def check(self, node: Node) -> None:
        n = node.shape()[0]
        if not 1 <= node.attr("k", 0) < n <= MOST:
            raise node.refuse(
                f"{node.attr('k', 0)} of {n} positions", f"fewer, and of up to {MOST}"
            )

    def lower(self, node: Node) -> list[Call]:
        n = node.shape()[0]
        args = {
            "norm": node.input(0),
            "number": node.input(1),
            "index": node.output(),
            "weight": node.output(1),
            "keys": node.new_scratch("keys", I32, (n,)),
            "sums": node.new_scratch("sums", I32, (n,)),
            "n": n,
            "k": node.attr("k", 1),
            "seed": signed(node.attr("seed", 0)),
        }
        return [Call(sample, str(node.dtype()), args)]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        single = max(u, 2.0**-24)
        return [np.zeros(y[0].shape), gamma(5, single) * np.abs(y[1])]
