"""Random models between quantisers: every 8-bit tensor is an output, so that each can be judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.conformance.random_models import Array, Builder, pick, size


class Quantiser:
    """Quantises values of one model; all its activations have one type."""

    def __init__(self, b: Builder) -> None:
        self.b, self.kind = b, pick(b.rng, np.int8, np.uint8)
        self.outputs: list[str] = []

    def __call__(self, x: str, scale: float = 0.04, low: int = -8) -> str:
        """The value behind a QuantizeLinear and a DequantizeLinear; its integers are an output."""
        middle = 0 if self.kind is np.int8 else 128
        zero = np.array(middle + self.b.rng.integers(low, 9), self.kind)
        step = np.float32(scale * self.b.rng.uniform(0.7, 1.4))
        given = [self.b.constant(step), self.b.constant(zero)]
        self.outputs.append(self.b("QuantizeLinear", x, *given))
        return self.b("DequantizeLinear", self.outputs[-1], *given)

    def input(self, *shape: int) -> str:
        return self(self.b.input(*shape))

    def again(self, real: str, x: str) -> str:
        """Quantise `real` as `x`, which comes from here, is."""
        node = next(n for n in self.b.nodes if n.output[0] == x)
        self.outputs.append(self.b("QuantizeLinear", real, *node.input[1:]))
        return self.b("DequantizeLinear", self.outputs[-1], *node.input[1:])

    def weight(self, shape: tuple[int, ...], axis: int) -> tuple[str, Array]:
        """Constant weights, and their scales: one, or one for each index of `axis`."""
        r = self.b.rng
        by_channel = pick(r, True, False)
        scale = r.uniform(0.005, 0.02, shape[axis] if by_channel else ()).astype(np.float32)
        kind: Any = np.int8 if self.kind is np.int8 or by_channel else pick(r, np.int8, np.uint8)
        limits = np.iinfo(kind)
        w = r.integers(limits.min, limits.max + 1, shape).astype(kind)
        zero = np.zeros(scale.shape, kind)
        if kind is np.uint8:
            zero = np.array(pick(r, 128, 117, 3), kind)
        names = [self.b.constant(v) for v in (w, scale, zero)]
        return self.b("DequantizeLinear", *names, axis=axis), scale

    def bias(self, x: str, scale: Array, channels: int) -> str:
        """A constant bias of 32 bits in the scale of the products."""
        node = next(n for n in self.b.nodes if n.output[0] == x)
        fixed = {t.name: t for t in self.b.constants}
        step = np.frombuffer(fixed[node.input[1]].raw_data, np.float32)[0]
        unit = np.asarray(step * scale, np.float32)
        values = self.b.rng.integers(-3000, 3000, channels).astype(np.int32)
        zero = np.zeros(unit.shape, np.int32)
        return self.b("DequantizeLinear", *map(self.b.constant, (values, unit, zero)), axis=0)

    def clamped(self, x: str) -> str:
        """Perhaps a Relu or a Clip."""
        kind = pick(self.b.rng, "none", "Relu", "Clip")
        if kind == "Clip":
            ends = [self.b.constant(np.float32(v)) for v in (0, 6)]
            return self.b("Clip", x, *ends)
        return x if kind == "none" else self.b("Relu", x)


def q_conv(b: Builder) -> tuple[str, ...]:
    r, q, rank = b.rng, Quantiser(b), size(b.rng, 1, 2)
    groups = pick(r, 1, 1, 2, 5)
    per_group, out = (1, groups) if groups == 5 else (size(r, 1, 5), groups * size(r, 1, 6))
    kernel = [size(r, 1, 4) for _ in range(rank)]
    dilation = [pick(r, 1, 1, 2) for _ in range(rank)]
    spatial = [(k - 1) * d + size(r, 1, 9) for k, d in zip(kernel, dilation, strict=True)]
    more: dict[str, Any] = {"group": groups, "strides": [pick(r, 1, 1, 2) for _ in range(rank)]}
    padding = pick(r, "pads", "pads", "SAME_UPPER", "VALID")
    if padding == "pads":
        more |= {"dilations": dilation, "pads": [size(r, 0, 2) for _ in range(2 * rank)]}
    else:
        more["auto_pad"] = padding
    x = q.input(size(r, 1, 2), groups * per_group, *spatial)
    w, scale = q.weight((out, per_group, *kernel), 0)
    bias = [q.bias(x, scale, out)] if pick(r, True, False) else []
    q(q.clamped(b("Conv", x, w, *bias, **more)), 0.06 * (per_group * np.prod(kernel)) ** 0.5)
    return tuple(q.outputs)


def q_product(b: Builder) -> tuple[str, ...]:
    r, q = b.rng, Quantiser(b)
    m, k, n = (size(r, 1, 11) for _ in range(3))
    form = pick(r, "Gemm", "Gemm", "columns", "pair")
    if form == "Gemm":
        flip, turn = size(r, 0, 1), size(r, 0, 1)
        x = q.input(*((k, m) if turn else (m, k)))
        w, scale = q.weight((n, k) if flip else (k, n), 1 - flip)
        bias = [q.bias(x, scale, n)] if pick(r, True, False) else []
        real = b("Gemm", x, w, *bias, transA=turn, transB=flip)
    elif form == "columns":
        real = b("MatMul", q.input(2, m, k), q.weight((k, n), 1)[0])
    else:
        real = b("MatMul", q.input(2, m, k), q.input(2, k, n))
    q(q.clamped(real), 0.06 * k**0.5)
    return tuple(q.outputs)


def q_arithmetic(b: Builder) -> tuple[str, ...]:
    r, q = b.rng, Quantiser(b)
    shape = tuple(size(r, 1, 5) for _ in range(size(r, 1, 4)))
    other = tuple(pick(r, d, 1) for d in shape)[size(r, 0, len(shape) - 1) :]
    x, y = q.input(*shape), q.input(*other)
    for op in ("Add", "Sub", "Mul"):
        q(q.clamped(b(op, *pick(r, (x, y), (y, x)))), 0.06)
    q(b("Add", x, q.weight(shape[-1:], 0)[0]))
    return tuple(q.outputs)


def q_means(b: Builder) -> tuple[str, ...]:
    r, q, rank = b.rng, Quantiser(b), size(b.rng, 1, 2)
    spatial = [size(r, 3, 8) for _ in range(rank)]
    x = q.input(2, size(r, 1, 5), *spatial)
    pads = [size(r, 0, 1) for _ in range(2 * rank)]
    q(
        b(
            "AveragePool",
            x,
            kernel_shape=[2 + size(r, 0, 1)] * rank,
            strides=[size(r, 1, 2)] * rank,
            pads=pads,
            count_include_pad=size(r, 0, 1),
        )
    )
    q(b("GlobalAveragePool", x))
    q(b("ReduceMean", x, b.constant(np.array([-1])), keepdims=size(r, 0, 1)))
    q.again(b("MaxPool", x, kernel_shape=[3] * rank, pads=[1] * (2 * rank)), x)
    return tuple(q.outputs)


def q_functions(b: Builder) -> tuple[str, ...]:
    q = Quantiser(b)
    x = q.input(3, size(b.rng, 30, 90))
    for op in ("Sigmoid", "Tanh", "LeakyRelu", "Elu", "HardSwish", "Relu", "Exp", "Abs"):
        q(b(op, x), 0.02)
    q(b("Mul", x, b("Sigmoid", x)))
    q(b("Clip", b("Add", x, b.constant(np.float32(1))), b.constant(np.float32(-1))))
    q.again(b("Relu", x), x)
    q(x)
    return tuple(q.outputs)


def q_movement(b: Builder) -> tuple[str, ...]:
    r, q = b.rng, Quantiser(b)
    x, y = q.input(2, 3, 4, 5), q.input(2, 3, 4, 5)
    turned = q.again(b("Transpose", x, perm=[int(i) for i in r.permutation(4)]), x)
    q(b("Reshape", b("Relu", turned), b.constant(np.array([6, -1]))))
    q(b("Concat", x, y, axis=size(r, 0, 3)))
    q.again(b("Concat", x, x, axis=1), x)
    q(b("Pad", x, b.constant(np.array([0, 0, 1, 2, 0, 1, 0, 1]))))
    ends = (b.constant(np.array([v])) for v in (1, 3, 2))
    q(b("Slice", y, *ends))
    return tuple(q.outputs)


def q_network(b: Builder) -> tuple[str, ...]:
    """Residual blocks, a branch in float, and a head, as a quantised network has them."""
    r, q = b.rng, Quantiser(b)
    x = q.input(1, 4, 7, 6)
    for _ in range(size(r, 1, 3)):
        w, scale = q.weight((4, 4, 3, 3), 0)
        y = q(b("Relu", b("Conv", x, w, q.bias(x, scale, 4), pads=[1] * 4)), 0.3)
        depth, _ = q.weight((4, 1, 3, 3), 0)
        z = q(b("Conv", y, depth, pads=[1] * 4, group=4), 0.4)
        x = q(b("Relu", b("Add", x, z)), 0.2)
    q(b("Softmax", x, axis=1), 1 / 256)
    flat = b("Flatten", q(b("GlobalAveragePool", x), 0.1))
    w, _ = q.weight((5, 4), 0)
    q(b("Gemm", flat, w, transB=1), 0.2)
    return tuple(q.outputs)


def integer(b: Builder) -> tuple[str, ...]:
    r = b.rng
    kind, other = (pick(r, np.int8, np.uint8) for _ in range(2))
    if kind is np.int8:
        other = np.int8  # ONNX Runtime has no int8 by uint8
    x = b.input(values=r.integers(0, 120, (2, 3, 6, 5)).astype(kind))
    w = b.constant(r.integers(0, 120, (4, 3, 2, 3)).astype(other))
    zeros = [b.constant(np.array(v, k)) for v, k in ((7, kind), (3, other))]
    a = b.input(values=r.integers(0, 120, (5, 9)).astype(kind))
    c = b.constant(r.integers(0, 120, (9, 7)).astype(other))
    d = b.input(values=r.integers(0, 120, (9, 4)).astype(other))
    return (
        b("ConvInteger", x, w, *zeros, pads=[1, 0, 1, 1]),
        b("MatMulInteger", a, c, *zeros),
        b("MatMulInteger", a, d, *zeros),
    )


KINDS: dict[Callable[[Builder], tuple[str, ...]], int] = {
    q_conv: 30, q_product: 16, q_arithmetic: 8, q_means: 8, q_functions: 4, q_movement: 6,
    q_network: 6, integer: 4,
}  # fmt: skip
