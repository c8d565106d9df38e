"""Random models of elementwise functions, comparisons, reductions and normalisations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.conformance.random_models import Array, Builder, pick, size

FLOATS = (np.float32, np.float32, np.float16)
INTEGERS = (np.int8, np.uint8, np.int32, np.int64)
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 88.8, -104.5, 6e4, 0.5, -0.5, 1.5, -2.5]


def values(b: Builder, *shape: int, kind: type = np.float32, scale: float = 3) -> Array:
    made = b.rng.normal(size=shape) * scale
    return (np.abs(made) if kind is np.uint8 else made).astype(kind)


def shape(b: Builder, low: int = 1) -> tuple[int, ...]:
    return tuple(size(b.rng, 1, 6) for _ in range(size(b.rng, low, 4)))


def functions(b: Builder) -> tuple[str, ...]:
    """Special values too, where ONNX Runtime and the standard agree on them."""
    kind = pick(b.rng, *FLOATS)
    edges = np.array(EDGES, np.float32).astype(kind)
    x = b.input(values=np.concatenate([edges, values(b, 17, kind=kind)]))
    y = b.input(values=values(b, *shape(b), kind=kind))
    return (
        *(b(op, x) for op in ("Abs", "Exp", "Floor", "Ceil", "Round", "IsNaN", "IsInf")),
        *(b(op, y) for op in ("Neg", "Sign", "Erf", "Softplus", "Softsign", "Elu", "Selu")),
        *(b(op, y) for op in ("Reciprocal", "HardSwish", "Mish")),
        b("Log", b("Abs", y)),
        b("Elu", y, alpha=0.7),
        b("HardSigmoid", y, alpha=0.3, beta=0.4),
        b("ThresholdedRelu", y, alpha=0.6),
        *([] if kind is np.float16 else [b("Celu", y, alpha=1.3)]),
        b("Gelu", y, approximate=pick(b.rng, "none", "tanh")),
        b("Shrink", y, lambd=0.4, bias=0.1),
        b("PRelu", y, b.input(values=values(b, y_last(b, y), kind=kind))),
    )


def y_last(b: Builder, name: str) -> int:
    """The last dimension of an input."""
    return int(b.inputs[name].shape[-1])


def integers(b: Builder) -> tuple[str, ...]:
    kind = pick(b.rng, *INTEGERS)
    dims = shape(b)
    x, y = (b.input(values=values(b, *dims, kind=kind, scale=9)) for _ in range(2))
    ones = b.constant(np.array(1, kind))
    divisor = b("Add", b("Mul", y, y), ones)  # never 0, and int8 has room for it
    outputs = [b(op, x, y) for op in ("Add", "Sub", "Mul", "Max", "Min")]
    outputs += [b(op, x, y) for op in ("Equal", "Less", "Greater", "LessOrEqual")]
    outputs += [b(op, x, y) for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")]
    return (*outputs, b("Mod", x, divisor), b("BitwiseNot", x))


def pairs(b: Builder) -> tuple[str, ...]:
    kind = pick(b.rng, *FLOATS)
    dims = shape(b)
    other = tuple(pick(b.rng, d, 1) for d in dims)
    x, y, z = (b.input(values=values(b, *d, kind=kind)) for d in (dims, other, dims))
    outputs = [b(op, x, y, z) for op in ("Max", "Min", "Sum", "Mean")]
    outputs += [b(op, x, y) for op in ("Less", "GreaterOrEqual", "Equal")]
    both = b("And", outputs[-1], b("Not", outputs[-2]))
    power = b("Pow", b("Abs", x), y)
    exponent = b.constant(np.array(pick(b.rng, 2, 3, -1), kind))
    return (*outputs, both, b("Xor", both, outputs[-2]), power, b("Pow", x, exponent))


def reductions(b: Builder) -> tuple[str, ...]:
    kind = pick(b.rng, *FLOATS)
    x = b.input(values=values(b, *shape(b), kind=kind, scale=0.7))
    rank = b.inputs[x].ndim
    axes = np.flatnonzero(b.rng.integers(0, 2, rank))
    more = [b.constant(axes)] if len(axes) else []
    keep = size(b.rng, 0, 1)
    kinds = ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp")
    found = [b(f"Reduce{k}", x, *more, keepdims=keep) for k in kinds]
    log_sum = b("ReduceLogSum", b("Abs", x), *more, keepdims=keep)
    axis = size(b.rng, -rank, rank - 1)
    return (*found, log_sum, b("LogSoftmax", x, axis=axis), b("ArgMin", x, axis=axis))


def norms(b: Builder) -> tuple[str, ...]:
    kind = pick(b.rng, *FLOATS)
    channels = 2 * size(b.rng, 1, 3)
    dims = (size(b.rng, 1, 3), channels, *(size(b.rng, 2, 5) for _ in range(size(b.rng, 1, 2))))
    x = b.input(values=values(b, *dims, kind=kind))
    axis = size(b.rng, 1, len(dims) - 1)
    scale, bias = (b.input(values=values(b, *dims[axis:], kind=kind)) for _ in range(2))
    s, t = (b.input(values=values(b, channels, kind=kind)) for _ in range(2))
    return (
        b("LayerNormalization", x, scale, bias, axis=axis),
        b("LayerNormalization", x, scale, axis=axis - len(dims), epsilon=1e-3),
        b("InstanceNormalization", x, s, t),
        b("LpNormalization", x, axis=axis, p=size(b.rng, 1, 2)),
    )


KINDS: dict[Callable[[Builder], tuple[str, ...]], int] = {
    functions: 6, integers: 8, pairs: 8, reductions: 12, norms: 8,
}  # fmt: skip
