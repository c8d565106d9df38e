"""ai.odl.AdamStep: Adam and AdamW in place, as torch.optim does (arXiv:1412.6980, 1711.05101)."""

from __future__ import annotations

import numpy as np
import onnx

from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.tilings import flat, gated, tiled
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Out, kernel


@tiled(flat("w", "g", "m", "v", "w_next", "m_next", "v_next"))
@gated(g="gate")
@kernel
def adam(
    w: In,
    g: In,
    m: In,
    v: In,
    rate: In,
    root: In,
    keep: In,
    factor: In,
    gate: In,
    w_next: Out,
    m_next: Out,
    v_next: Out,
    n: int,
    beta1: float,
    beta2: float,
    epsilon: float,
    decay: float,
) -> None:
    """m' = b1 m + (1 - b1) s, v' = b2 v + (1 - b2) s^2, w' = keep w - rate m' / d.

    s = factor g + decay w, d = sqrt(v') root + epsilon; a closed gate lets nothing change.
    """
    one, b1, b2 = np.float32(1), np.float32(beta1), np.float32(beta2)
    with np.errstate(all="ignore"):
        slope = factor[0] * wide(g[:n]) + np.float32(decay) * w[:n]
        first = b1 * m[:n] + (one - b1) * slope
        second = b2 * v[:n] + (one - b2) * (slope * slope)
        step = rate[0] * first / (np.sqrt(second) * root[0] + np.float32(epsilon))
        after = np.where(gate[0], keep[0] * w[:n] - step, w[:n])
    m_next[:n] = np.where(gate[0], first, m[:n])
    v_next[:n] = np.where(gate[0], second, v[:n])
    w_next[:n] = after


class AdamStep(Operator):
    """Inputs w, g, m, v [...] and scalars; outputs w_next, m_next, v_next.

    The scalars: rate = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t), keep = 1 - lr * weight
    decay for AdamW or 1, factor and gate as those of ai.odl.SGDStep. `decay` is that of Adam,
    which is added to the gradient.
    """

    op_types = ("ai.odl.AdamStep",)
    kernels = (adam,)
    gates = {1: 8}
    attributes = ("beta1", "beta2", "decay", "epsilon")
    dtypes = FLOATS
    note = "optimiser"

    def function(self) -> onnx.FunctionProto:
        return body("""
            AdamStep <beta1, beta2, decay, epsilon>
                 (w, g, m, v, rate, root, keep, factor, gate) => (w_next, m_next, v_next) {
                beta1_f = Constant <value_float: float = @beta1> ()
                beta1 = CastLike (beta1_f, w)
                beta2_f = Constant <value_float: float = @beta2> ()
                beta2 = CastLike (beta2_f, w)
                decay_f = Constant <value_float: float = @decay> ()
                decay = CastLike (decay_f, w)
                epsilon_f = Constant <value_float: float = @epsilon> ()
                epsilon = CastLike (epsilon_f, w)
                one_f = Constant <value_float = 1.0> ()
                one = CastLike (one_f, w)
                rest1 = Sub (one, beta1)
                rest2 = Sub (one, beta2)
                g_wide = CastLike (g, w)
                scaled = Mul (factor, g_wide)
                decayed = Mul (decay, w)
                slope = Add (scaled, decayed)
                kept1 = Mul (beta1, m)
                added1 = Mul (rest1, slope)
                first = Add (kept1, added1)
                kept2 = Mul (beta2, v)
                square = Mul (slope, slope)
                added2 = Mul (rest2, square)
                second = Add (kept2, added2)
                deviation = Sqrt (second)
                corrected = Mul (deviation, root)
                divisor = Add (corrected, epsilon)
                numerator = Mul (rate, first)
                step = Div (numerator, divisor)
                held = Mul (keep, w)
                moved = Sub (held, step)
                w_next = Where (gate, moved, w)
                m_next = Where (gate, first, m)
                v_next = Where (gate, second, v)
            }""")

    def lower(self, node: Node) -> list[Call]:
        args = node.named("w", "g", "m", "v", "rate", "root", "keep", "factor", "gate")
        args |= {
            "w_next": node.output(),
            "m_next": node.output(1),
            "v_next": node.output(2),
            "n": node.size(),
            "beta1": node.attr("beta1", 0.9),
            "beta2": node.attr("beta2", 0.999),
            "epsilon": node.attr("epsilon", 1e-8),
            "decay": node.attr("decay", 0.0),
        }
        return [Call(adam, str(node.dtype(1)), args, overlay=("w", "m", "v"))]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """The error of v' reaches w' through its root: at most that of v' over the root of v'."""
        w, g, m, v, rate, root, keep, factor, gate = x
        b1, b2 = node.attr("beta1", 0.9), node.attr("beta2", 0.999)
        slope = np.abs(factor * g) + abs(node.attr("decay", 0.0)) * np.abs(w)
        first = gamma(6, u) * (b1 * np.abs(m) + (1 - b1) * slope)
        second = gamma(8, u) * (b2 * v + (1 - b2) * slope**2)
        with np.errstate(all="ignore"):
            deviation = np.sqrt(y[2])
            off = np.where(second < y[2], second / deviation, np.sqrt(second))
            divisor = deviation * root + node.attr("epsilon", 1e-8)
            least = np.maximum(divisor - off * root * 1.01, node.attr("epsilon", 1e-8))
            step = np.abs(rate * y[1])
            moved = np.abs(rate) * first / least + step / divisor * (off * root / least)
        moved = moved + gamma(8, u) * (step / least + np.abs(keep * w))
        return [np.where(gate, b, 0) for b in (moved, first, second)]
