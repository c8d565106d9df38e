"""Small random models over every operator: seeded, with odd sizes, batches, branches and ties."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
Rng = np.random.Generator
OPSET = 21
"""ONNX Runtime, which judges the same models, reads it too."""


@dataclass(frozen=True)
class RandomModel:
    """A model, and inputs for it."""

    name: str
    model: onnx.ModelProto
    inputs: dict[str, Array]


class Builder:
    """Nodes one after another, over float inputs that it makes up."""

    def __init__(self, rng: Rng) -> None:
        self.rng, self.count = rng, 0
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: dict[str, Array] = {}
        self.constants: list[onnx.TensorProto] = []

    def input(self, *shape: int, values: Array | None = None) -> str:
        name = f"in{len(self.inputs)}"
        made = self.rng.standard_normal(shape).astype(np.float32) if values is None else values
        self.inputs[name] = made
        return name

    def constant(self, value: Any) -> str:
        array = np.asarray(value)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, *shape: int) -> str:
        return self.constant(self.rng.standard_normal(shape))

    def __call__(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """The (first) output; more are called NAME_1 and so on."""
        self.count += 1
        name = f"{op.lower()}{self.count}"
        names = [name, *(f"{name}_{i}" for i in range(1, outputs))]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"n_{name}", **attributes))
        return name

    def model(self, name: str, *outputs: str) -> RandomModel:
        kinds = {v: helper.np_dtype_to_tensor_dtype(a.dtype) for v, a in self.inputs.items()}
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(v, kinds[v], a.shape) for v, a in self.inputs.items()],
            [onnx.ValueInfoProto(name=o) for o in outputs],
            self.constants,
        )
        model = helper.make_model(
            graph, ir_version=10, opset_imports=[helper.make_opsetid("", OPSET)]
        )
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        known = {v.name: v for v in (*inferred.graph.value_info, *inferred.graph.output)}
        del model.graph.output[:]
        model.graph.output.extend(known[o] for o in outputs)
        onnx.checker.check_model(model, full_check=True)
        return RandomModel(name, model, self.inputs)


def pick(rng: Rng, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def size(rng: Rng, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


# --- one operator each ---


def conv(b: Builder) -> tuple[str, ...]:
    r, rank = b.rng, size(b.rng, 1, 2)
    groups = pick(r, 1, 1, 2, 3)
    depthwise = pick(r, True, False)
    per_group, out = (1, groups) if depthwise else (size(r, 1, 5), groups * size(r, 1, 6))
    kernel = [size(r, 1, 4) for _ in range(rank)]
    dilation = [pick(r, 1, 1, 2) for _ in range(rank)]
    spatial = [(k - 1) * d + size(r, 1, 9) for k, d in zip(kernel, dilation, strict=True)]
    attributes: dict[str, Any] = {
        "group": groups,
        "strides": [pick(r, 1, 1, 2, 3) for _ in range(rank)],
    }
    padding = pick(r, "pads", "pads", "SAME_UPPER", "SAME_LOWER", "VALID")
    if padding == "pads":
        attributes |= {"dilations": dilation, "pads": [size(r, 0, 2) for _ in range(2 * rank)]}
    else:
        attributes["auto_pad"] = padding
    x = b.input(size(r, 1, 3), groups * per_group, *spatial)
    w = b.weight(out, per_group, *kernel)
    bias = [b.weight(out)] if pick(r, True, False) else []
    return (b("Conv", x, w, *bias, **attributes),)


def pool(b: Builder) -> tuple[str, ...]:
    r, rank = b.rng, size(b.rng, 1, 3)
    kernel = [size(r, 1, 3) for _ in range(rank)]
    spatial = [k + size(r, 1, 6) for k in kernel]
    op = pick(r, "MaxPool", "AveragePool")
    attributes: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": [size(r, 1, 3) for _ in range(rank)],
        "ceil_mode": size(r, 0, 1),
    }
    if pick(r, True, False):
        attributes["pads"] = [size(r, 0, k // 2) for k in kernel * 2]
    if op == "AveragePool":
        attributes["count_include_pad"] = size(r, 0, 1)
    x = b.input(size(r, 1, 2), size(r, 1, 5), *spatial)
    outputs = pick(r, 1, 2) if op == "MaxPool" else 1
    y = b(op, x, outputs=outputs, **attributes)
    return (y, f"{y}_1") if outputs == 2 else (y,)


def global_pool(b: Builder) -> tuple[str, ...]:
    x = b.input(2, 3, *(size(b.rng, 1, 5) for _ in range(size(b.rng, 1, 3))))
    return b("GlobalAveragePool", x), b("GlobalMaxPool", x)


def matmul(b: Builder) -> tuple[str, ...]:
    r = b.rng
    m, k, n = (size(r, 1, 9) for _ in range(3))
    left, right = pick(
        r, ((m, k), (k, n)), ((k,), (k, n)), ((m, k), (k,)), ((k,), (k,)),
        ((2, 3, m, k), (3, k, n)), ((2, 1, m, k), (1, 3, k, n)), ((4, m, k), (k, n)),
    )  # fmt: skip
    x = b.input(*left)
    return (b("MatMul", x, b.weight(*right) if pick(r, True, False) else b.input(*right)),)


def gemm(b: Builder) -> tuple[str, ...]:
    r = b.rng
    m, k, n = (size(r, 1, 11) for _ in range(3))
    ta, tb = size(r, 0, 1), size(r, 0, 1)
    x = b.input(*((k, m) if ta else (m, k)))
    w = b.weight(*((n, k) if tb else (k, n)))
    bias = pick(r, None, (m, n), (n,), (m, 1), (1,), ())
    more = [] if bias is None else [b.weight(*bias)]
    alpha, beta = pick(r, 1.0, 0.5, -2.0), pick(r, 1.0, 0.25)
    return (b("Gemm", x, w, *more, transA=ta, transB=tb, alpha=alpha, beta=beta),)


def arithmetic(b: Builder) -> tuple[str, ...]:
    r = b.rng
    shape = tuple(size(r, 1, 4) for _ in range(size(r, 0, 5)))
    other = tuple(pick(r, d, 1) for d in shape)[size(r, 0, len(shape)) :]
    pair = [b.input(*shape), b.input(*other)]
    if pick(r, True, False):
        pair.reverse()
    return tuple(b(op, *pair) for op in ("Add", "Sub", "Mul", "Div"))


def elementwise(b: Builder) -> tuple[str, ...]:
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-40, 88.8, -104.5, 3e38, -9.1, 0.62]
    x = b.input(values=np.array([*special, *b.rng.normal(size=21) * 20], np.float32))
    finite = b.input(*(size(b.rng, 1, 5) for _ in range(size(b.rng, 0, 4))))
    low, high = b.constant(np.float32(-1)), b.constant(np.float32(2))
    return (
        b("Clip", x, low, high),
        # a missing bound is infinite to onnx.reference, and the largest float to ONNX Runtime
        *(b("Clip", finite, *bounds) for bounds in ((low,), ("", high), ())),
        *(b(op, x) for op in ("Relu", "Sigmoid", "Tanh")),
        b("LeakyRelu", finite, alpha=0.3),
        b("Sqrt", b("Mul", finite, finite)),
    )


def softmax(b: Builder) -> tuple[str, ...]:
    rank = size(b.rng, 1, 4)
    values = b.rng.normal(size=[size(b.rng, 1, 6) for _ in range(rank)]) * pick(b.rng, 1, 30)
    x = b.input(values=values.astype(np.float32))
    return (b("Softmax", x, axis=size(b.rng, -rank, rank - 1)),)


def shapes(b: Builder) -> tuple[str, ...]:
    x = b.input(2, 1, 3, 4)
    flat = b("Flatten", b("Relu", x), axis=size(b.rng, 0, 4))
    thin = b("Squeeze", b("Relu", x), b.constant(np.array([1])))
    wide = b("Unsqueeze", thin, b.constant(np.array([0, 4])))
    again = b("Reshape", wide, b.constant(np.array([0, -1, 3])))
    return flat, b("Relu", thin), b("Identity", wide), again


def transpose(b: Builder) -> tuple[str, ...]:
    rank = size(b.rng, 2, 6)
    x = b.input(*(size(b.rng, 1, 4) for _ in range(rank)))
    return (b("Transpose", x, perm=[int(i) for i in b.rng.permutation(rank)]),)


def concat(b: Builder) -> tuple[str, ...]:
    rank = size(b.rng, 1, 4)
    shape, axis = [size(b.rng, 1, 4) for _ in range(rank)], size(b.rng, 0, rank - 1)
    parts = [
        b.input(*shape[:axis], size(b.rng, 1, 5), *shape[axis + 1 :])
        for _ in range(size(b.rng, 1, 4))
    ]
    return (b("Concat", *parts, axis=axis - rank * size(b.rng, 0, 1)),)


def pad(b: Builder) -> tuple[str, ...]:
    r, rank = b.rng, size(b.rng, 1, 4)
    shape = [size(r, 3, 5) for _ in range(rank)]
    mode = pick(r, "constant", "reflect", "edge", "wrap")
    pads = [size(r, 0, 2) for _ in range(2 * rank)]
    value = [b.constant(np.float32(1.5))] if mode == "constant" else []
    return (b("Pad", b.input(*shape), b.constant(np.array(pads)), *value, mode=mode),)


def reduce(b: Builder) -> tuple[str, ...]:
    rank = size(b.rng, 1, 4)
    x = b.input(*(size(b.rng, 1, 6) for _ in range(rank)))
    axes = np.flatnonzero(b.rng.integers(0, 2, rank))
    more = [b.constant(axes)] if len(axes) else []
    return (b("ReduceMean", x, *more, keepdims=size(b.rng, 0, 1)),)


def argmax(b: Builder) -> tuple[str, ...]:
    rank = size(b.rng, 1, 3)
    values = b.rng.integers(0, 3, [size(b.rng, 1, 6) for _ in range(rank)]).astype(np.float32)
    x = b.input(values=values)
    axis, last = size(b.rng, -rank, rank - 1), size(b.rng, 0, 1)
    return (b("ArgMax", x, axis=axis, keepdims=size(b.rng, 0, 1), select_last_index=last),)


def batch_norm(b: Builder) -> tuple[str, ...]:
    c = size(b.rng, 1, 7)
    x = b.input(2, c, *(size(b.rng, 1, 4) for _ in range(size(b.rng, 0, 2))))
    variance = b.constant(b.rng.uniform(0.1, 2, c))
    return (b("BatchNormalization", x, b.weight(c), b.weight(c), b.weight(c), variance),)


def cast(b: Builder) -> tuple[str, ...]:
    kinds = ["FLOAT", "INT8", "UINT8", "INT32", "INT64", "BOOL"]
    x = b.input(values=np.array([0, 1, 5.9, 100.2, 3, 126.5, 0.3, 7], np.float32))
    return tuple(
        b("Cast", b("Cast", x, to=getattr(TensorProto, a)), to=getattr(TensorProto, z))
        for a, z in itertools.product(kinds, kinds)
    )


# --- chains, where memory is shared ---


def chain(b: Builder) -> tuple[str, ...]:
    r, kept = b.rng, []
    x = b.input(size(r, 1, 2), 4, 6, 5)
    for _ in range(size(r, 3, 8)):
        step = size(r, 0, 6)
        if step == 0:
            x = b("Conv", x, b.weight(4, 4, 3, 3), b.weight(4), pads=[1] * 4)
        elif step == 1:
            x = b("Add", x, b("Conv", b("Relu", x), b.weight(4, 4, 1, 1)))
        elif step == 2:
            x = b("Mul", b("Sigmoid", x), b("Tanh", x))
        elif step == 3:
            half = b("Conv", x, b.weight(2, 4, 1, 1))
            x = b("Concat", half, b("LeakyRelu", half, alpha=0.1), axis=1)
        elif step == 4:
            x = b("Transpose", b("Transpose", x, perm=[0, 2, 3, 1]), perm=[0, 3, 1, 2])
            x = b("Add", x, x)
        elif step == 5:
            kept.append(b("ReduceMean", x, b.constant(np.array([2, 3]))))
            x = b("Sub", x, kept[-1])
        else:
            x = b("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4)
    return (x, *kept)


KINDS: dict[Callable[[Builder], tuple[str, ...]], int] = {
    conv: 40, pool: 24, global_pool: 2, matmul: 14, gemm: 14, arithmetic: 12, elementwise: 3,
    softmax: 6, shapes: 2, transpose: 8, concat: 6, pad: 10, reduce: 6, argmax: 6, batch_norm: 4,
    cast: 1, chain: 20,
}  # fmt: skip


def random_models() -> list[RandomModel]:
    """The same models each time; every module random_*.py beside this one has a table KINDS."""
    names = sorted(p.stem for p in Path(__file__).parent.glob("random_*.py"))
    modules = [importlib.import_module(f"tests.conformance.{name}") for name in names]
    made = []
    for kind, count in itertools.chain(*(m.KINDS.items() for m in modules)):
        for i in range(count):
            b = Builder(np.random.default_rng([i, *kind.__name__.encode()]))
            outputs = kind(b)
            made.append(b.model(f"{kind.__name__}_{i}", *outputs))
    return made
