"""ai.odl.SGDStep and ai.odl.MomentumStep: gradient descent in place, as torch.optim.SGD does it."""

from __future__ import annotations

import numpy as np
import onnx

from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.tilings import flat, gated, tiled
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, kernel


@tiled(flat("w", "g", "w_next"))
@gated(g="gate")
@kernel
def sgd(w: In, g: In, lr: In, factor: In, gate: In, w_next: Out, n: int, decay: float) -> None:
    """w_next = w - lr (factor g + decay w) where the gate is open, else w."""
    slope = factor[0] * wide(g[:n]) + np.float32(decay) * w[:n]
    w_next[:n] = np.where(gate[0], w[:n] - lr[0] * slope, w[:n])


@tiled(flat("w", "g", "m", "w_next", "m_next"))
@gated(g="gate")
@kernel
def momentum(
    w: In,
    g: In,
    m: In,
    lr: In,
    factor: In,
    gate: In,
    w_next: Out,
    m_next: Out,
    n: int,
    momentum: float,
    nesterov: int,
    decay: float,
) -> None:
    """m' = momentum m + s, s = factor g + decay w; w' = w - lr (s + momentum m' or m')."""
    with np.errstate(all="ignore"):
        slope = factor[0] * wide(g[:n]) + np.float32(decay) * w[:n]
        fresh = np.float32(momentum) * m[:n] + slope
        step = slope + np.float32(momentum) * fresh if nesterov else fresh
        after = np.where(gate[0], w[:n] - lr[0] * step, w[:n])
    m_next[:n] = np.where(gate[0], fresh, m[:n])
    w_next[:n] = after


class SGDStep(Operator):
    """Inputs w, g [...] and the scalars lr, factor and gate (bool); output w_next.

    g may be in half precision.
    The factor scales the gradient: the inverse of a loss scale, a clipped norm, a mean. A closed
    gate leaves everything as it is, bit for bit.
    """

    op_types = ("ai.odl.SGDStep",)
    kernels = (sgd,)
    gates = {1: 4}
    attributes = ("decay",)
    dtypes = FLOATS
    note = "optimiser"

    def function(self) -> onnx.FunctionProto:
        return body("""
            SGDStep <decay> (w, g, lr, factor, gate) => (w_next) {
                decay_f = Constant <value_float: float = @decay> ()
                decay = CastLike (decay_f, w)
                g_wide = CastLike (g, w)
                scaled = Mul (factor, g_wide)
                decayed = Mul (decay, w)
                slope = Add (scaled, decayed)
                step = Mul (lr, slope)
                fresh = Sub (w, step)
                w_next = Where (gate, fresh, w)
            }""")

    def lower(self, node: Node) -> list[Call]:
        args = node.named("w", "g", "lr", "factor", "gate")
        args |= {"w_next": node.output(), "n": node.size(), "decay": node.attr("decay", 0.0)}
        return [Call(sgd, str(node.dtype(1)), args, overlay=("w",))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        w, g, lr, factor, gate = x
        slope = np.abs(factor * g) + abs(node.attr("decay", 0.0)) * np.abs(w)
        return [np.where(gate, u * np.abs(y[0]) + gamma(5, u) * np.abs(lr) * slope, 0)]


class MomentumStep(Operator):
    """The same with the state m, of the shape of w; outputs w_next and m_next."""

    op_types = ("ai.odl.MomentumStep",)
    kernels = (momentum,)
    gates = {1: 5}
    attributes = ("decay", "momentum", "nesterov")
    dtypes = FLOATS
    note = "optimiser"

    def function(self) -> onnx.FunctionProto:
        return body("""
            MomentumStep <decay, momentum, nesterov>
                     (w, g, m, lr, factor, gate) => (w_next, m_next) {
                decay_f = Constant <value_float: float = @decay> ()
                decay = CastLike (decay_f, w)
                momentum_f = Constant <value_float: float = @momentum> ()
                momentum = CastLike (momentum_f, w)
                nesterov = Constant <value_int: int = @nesterov> ()
                g_wide = CastLike (g, w)
                scaled = Mul (factor, g_wide)
                decayed = Mul (decay, w)
                slope = Add (scaled, decayed)
                kept = Mul (momentum, m)
                fresh = Add (kept, slope)
                further = Mul (momentum, fresh)
                ahead = Add (slope, further)
                is_nesterov = Cast <to = 9> (nesterov)
                step = Where (is_nesterov, ahead, fresh)
                change = Mul (lr, step)
                moved = Sub (w, change)
                w_next = Where (gate, moved, w)
                m_next = Where (gate, fresh, m)
            }""")

    def lower(self, node: Node) -> list[Call]:
        args = node.named("w", "g", "m", "lr", "factor", "gate")
        args |= {
            "w_next": node.output(),
            "m_next": node.output(1),
            "n": node.size(),
            "momentum": node.attr("momentum", 0.0),
            "nesterov": node.attr("nesterov", 0),
            "decay": node.attr("decay", 0.0),
        }
        return [Call(momentum, str(node.dtype(1)), args, overlay=("w", "m"))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        w, g, m, lr, factor, gate = x
        mu = abs(node.attr("momentum", 0.0))
        slope = np.abs(factor * g) + abs(node.attr("decay", 0.0)) * np.abs(w)
        fresh = mu * np.abs(m) + slope
        step = slope + mu * fresh if node.attr("nesterov", 0) else fresh
        moved = u * np.abs(y[0]) + gamma(7, u) * np.abs(lr) * step
        return [np.where(gate, moved, 0), np.where(gate, gamma(4, u) * fresh, 0)]
