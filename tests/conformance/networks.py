"""Random networks: operators of every family in a row, with branches that join again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.conformance.random_models import Builder, RandomModel, pick, size

Shape = tuple[int, ...]
Step = Callable[["Network", str], str]


class Network:
    """A graph that grows; it knows the shape of every tensor."""

    def __init__(self, seed: int) -> None:
        self.b = Builder(np.random.default_rng([seed, 2026]))
        self.shape: dict[str, Shape] = {}

    @property
    def rng(self) -> np.random.Generator:
        return self.b.rng

    def input(self, *dims: int) -> str:
        name = self.b.input(*dims)
        self.shape[name] = dims
        return name

    def add(self, dims: Shape, op: str, *inputs: str, **attributes: object) -> str:
        name = self.b(op, *inputs, **attributes)
        self.shape[name] = dims
        return name

    def same(self, op: str, x: str, *more: str, **attributes: object) -> str:
        return self.add(self.shape[x], op, x, *more, **attributes)

    def weight(self, *dims: int) -> str:
        """Scaled by its fan-in, so that deep networks neither vanish nor explode."""
        fan = max(1, int(np.prod(dims[1:])))
        return self.b.constant(self.rng.standard_normal(dims) / np.sqrt(fan))

    def ints(self, *values: int) -> str:
        return self.b.constant(np.array(values, np.int64))


# --- steps for any rank ---


def activation(n: Network, x: str) -> str:
    op = pick(
        n.rng, "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Selu", "HardSigmoid", "HardSwish",
        "Softplus", "Softsign", "Gelu", "Mish", "Erf", "Abs", "Neg",
    )  # fmt: skip
    return n.same(op, x)


def clip(n: Network, x: str) -> str:
    return n.same("Clip", x, n.b.constant(np.float32(-1.5)), n.b.constant(np.float32(2)))


def scale(n: Network, x: str) -> str:
    """With a constant that broadcasts over the channels."""
    dims = n.shape[x]
    return n.same(pick(n.rng, "Add", "Mul", "Sub", "PRelu"), x, n.weight(dims[-1]))


def residual(n: Network, x: str) -> str:
    return n.same(pick(n.rng, "Add", "Mul", "Max", "Min"), x, activation(n, x))


def where(n: Network, x: str) -> str:
    chosen = n.add(n.shape[x], "Less", x, n.b.constant(np.float32(0.1)))
    return n.add(n.shape[x], "Where", chosen, x, activation(n, x))


def softmax(n: Network, x: str) -> str:
    axis = size(n.rng, 1, len(n.shape[x]) - 1)
    return n.same(pick(n.rng, "Softmax", "LogSoftmax"), x, axis=axis)


def layer_norm(n: Network, x: str) -> str:
    last = n.shape[x][-1]
    if last < 2:
        return x
    return n.same("LayerNormalization", x, n.weight(last), n.weight(last), axis=-1, epsilon=1e-2)


def concat(n: Network, x: str) -> str:
    dims = n.shape[x]
    if dims[1] > 8:
        return x
    return n.add((dims[0], 2 * dims[1], *dims[2:]), "Concat", x, activation(n, x), axis=1)


def crop(n: Network, x: str) -> str:
    dims = list(n.shape[x])
    axis = size(n.rng, 1, len(dims) - 1)
    if dims[axis] < 3:
        return x
    step = pick(n.rng, 1, 1, 2, -1)
    start, end = (1, dims[axis]) if step > 0 else (dims[axis] - 1, 0)
    dims[axis] = len(range(start, end, step))
    bounds = [n.ints(v) for v in (start, end, axis, step)]
    return n.add(tuple(dims), "Slice", x, *bounds)


def transpose(n: Network, x: str) -> str:
    rank = len(n.shape[x])
    order = [0, *(1 + int(i) for i in n.rng.permutation(rank - 1))]
    return n.add(tuple(n.shape[x][i] for i in order), "Transpose", x, perm=order)


def pad(n: Network, x: str) -> str:
    dims = n.shape[x]
    if dims[-1] > 10:
        return x
    pads = [0] * (2 * len(dims))
    pads[len(dims) - 1], pads[-1] = 1, 2
    mode = pick(n.rng, "constant", "edge")
    return n.add((*dims[:-1], dims[-1] + 3), "Pad", x, n.ints(*pads), mode=mode)


def reduce(n: Network, x: str) -> str:
    dims = n.shape[x]
    op = pick(n.rng, "ReduceMean", "ReduceMax", "ReduceL2", "ReduceSum")
    kept = n.add((*dims[:-1], 1), op, x, n.ints(len(dims) - 1), keepdims=1)
    return n.same("Sub", x, kept)


ANY: tuple[Step, ...] = (
    activation, clip, scale, residual, where, softmax, layer_norm, concat, crop, transpose, pad,
    reduce,
)  # fmt: skip


# --- steps for matrices, sequences and images ---


def dense(n: Network, x: str) -> str:
    rows, columns = n.shape[x]
    out = size(n.rng, 1, 12)
    if pick(n.rng, True, False):
        return n.add((rows, out), "Gemm", x, n.weight(out, columns), n.weight(out), transB=1)
    return n.add((rows, out), "MatMul", x, n.weight(columns, out))


def conv(n: Network, x: str) -> str:
    batch, channels, *spatial = n.shape[x]
    out, rank = size(n.rng, 1, 9), len(spatial)
    kernel = [size(n.rng, 1, 3) for _ in spatial]
    stride = [pick(n.rng, 1, 1, 2) for _ in spatial]
    pads = [k // 2 for k in kernel] * 2
    dims = [
        (s + pads[i] + pads[i + rank] - kernel[i]) // stride[i] + 1 for i, s in enumerate(spatial)
    ]
    w = n.weight(out, channels, *kernel)
    y = n.add((batch, out, *dims), "Conv", x, w, n.weight(out), pads=pads, strides=stride)
    return n.same("Relu", y) if pick(n.rng, True, False) else y


def depthwise(n: Network, x: str) -> str:
    channels, rank = n.shape[x][1], len(n.shape[x]) - 2
    w = n.b.constant(n.rng.standard_normal((channels, 1, *[3] * rank)) / 2)
    return n.same("Conv", x, w, pads=[1] * (2 * rank), group=channels)


def batch_norm(n: Network, x: str) -> str:
    c = n.shape[x][1]
    variance = n.b.constant(n.rng.uniform(0.2, 2, c))
    return n.same("BatchNormalization", x, *(n.weight(c) for _ in range(3)), variance)


def pool(n: Network, x: str) -> str:
    batch, channels, *spatial = n.shape[x]
    if min(spatial) < 2:
        return x
    dims = (batch, channels, *(s - 1 for s in spatial))
    op = pick(n.rng, "MaxPool", "AveragePool")
    return n.add(dims, op, x, kernel_shape=[2] * len(spatial))


def upsample(n: Network, x: str) -> str:
    batch, channels, *spatial = n.shape[x]
    if max(spatial) > 6:
        return x
    dims = (batch, channels, *(2 * s for s in spatial))
    scales = n.b.constant(np.array([1, 1, *[2] * len(spatial)], np.float32))
    mode = pick(n.rng, "nearest", "linear")
    return n.add(dims, "Resize", x, "", scales, mode=mode)


def attention(n: Network, x: str) -> str:
    """Of a sequence to itself: [batch, time, features]."""
    batch, time, features = n.shape[x]
    keys = n.add((batch, features, time), "Transpose", x, perm=[0, 2, 1])
    scores = n.add((batch, time, time), "MatMul", x, keys)
    small = n.same("Mul", scores, n.b.constant(np.float32(features**-0.5)))
    return n.add((batch, time, features), "MatMul", n.same("Softmax", small, axis=-1), x)


def recurrent(n: Network, x: str) -> str:
    """[batch, time, features] through an LSTM or a GRU, time first."""
    batch, time, features = n.shape[x]
    hidden, (op, gates) = size(n.rng, 1, 5), pick(n.rng, ("LSTM", 4), ("GRU", 3))
    first = n.add((time, batch, features), "Transpose", x, perm=[1, 0, 2])
    w = n.weight(1, gates * hidden, features)
    r = n.weight(1, gates * hidden, hidden)
    y = n.add((time, 1, batch, hidden), op, first, w, r, hidden_size=hidden)
    flat = n.add((time, batch, hidden), "Squeeze", y, n.ints(1))
    return n.add((batch, time, hidden), "Transpose", flat, perm=[1, 0, 2])


STEPS: dict[int, tuple[Step, ...]] = {
    2: (*ANY, dense, dense, dense),
    3: (*ANY, conv, conv, depthwise, batch_norm, pool, upsample, attention, recurrent),
    4: (*ANY, conv, conv, conv, depthwise, batch_norm, pool, pool, upsample),
}


def network(seed: int) -> RandomModel:
    """The same network for the same seed."""
    n = Network(seed)
    rank = size(n.rng, 2, 4)
    x = n.input(size(n.rng, 1, 2), *(size(n.rng, 2, 8) for _ in range(rank - 1)))
    kept = []
    for _ in range(size(n.rng, 3, 12)):
        before = x
        x = pick(n.rng, *STEPS[len(n.shape[x])])(n, x)
        if len(kept) < 2 and x != before and size(n.rng, 0, 5) == 0:
            kept.append(x)
    flat = n.add((n.shape[x][0], int(np.prod(n.shape[x][1:]))), "Flatten", x)
    y = dense(n, flat)
    return n.b.model(f"network_{seed}", *dict.fromkeys((y, *kept)))
