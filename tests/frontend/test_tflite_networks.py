"""Small TFLite networks as exporters write them: what they mean, and what is left of the layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from odl.compile import Options, canonicalise, compile_model
from odl.frontend.tflite_file import read_tflite
from odl.ops import registry
from odl.ops.node import Node
from odl.plan.interpret import interpret
from tests.frontend.tflite_models import (
    Op,
    Spec,
    bias,
    by_runtime,
    feeds,
    ints,
    litert,
    net,
    op,
    real,
    stored,
    weights,
)

RELU = 1
FULL = "FullyConnectedOptions"


class Writer:
    """Float or int8 layers one after the other."""

    def __init__(self, *shape: int, quantized: bool) -> None:
        self.ops: list[Op] = []
        self.quantized = quantized
        self.x = self.value(*shape)

    def value(self, *shape: int, scale: float = 0.05, zero: int = -3) -> Spec:
        return stored(*shape, scale=scale, zero=zero) if self.quantized else real(*shape)

    def add(self, kind: str, inputs: list[Spec], y: Spec, options: str = "", **given: int) -> Spec:
        self.ops.append(op(kind, inputs, y, options, **given))
        return y

    def conv(self, x: Spec, channels: int, stride: int = 1, act: int = RELU) -> Spec:
        n, h, w, c = x.shape
        axis = 0 if self.quantized else None
        k = weights((channels, 3, 3, c), axis, seed=len(self.ops))
        b = bias(channels, x, k) if self.quantized else bias(channels)
        y = self.value(n, -(-h // stride), -(-w // stride), channels, scale=0.06)
        return self.add(
            "CONV_2D", [x, k, b], y, "Conv2DOptions", StrideH=stride, StrideW=stride,
            DilationHFactor=1, DilationWFactor=1, FusedActivationFunction=act,
        )  # fmt: skip

    def depthwise(self, x: Spec) -> Spec:
        c = x.shape[-1]
        k = weights((1, 3, 3, c), 3 if self.quantized else None, seed=len(self.ops))
        b = bias(c, x, k) if self.quantized else bias(c)
        y = self.value(*x.shape)
        return self.add("DEPTHWISE_CONV_2D", [x, k, b], y, "DepthwiseConv2DOptions", StrideH=1,
                        StrideW=1, DilationHFactor=1, DilationWFactor=1, DepthMultiplier=1,
                        FusedActivationFunction=RELU)  # fmt: skip

    def dense(self, x: Spec, units: int) -> Spec:
        size = int(np.prod(x.shape[1:]))
        k = weights((units, size), -1 if self.quantized else None, seed=len(self.ops))
        b = bias(units, x, k) if self.quantized else bias(units)
        y = self.value(x.shape[0], units, scale=0.1)
        return self.add("FULLY_CONNECTED", [x, k, b], y, FULL)

    def done(self, x: Spec) -> bytes:
        """With a Softmax in float; in int8 it makes up to six units of one of its operand."""
        if not self.quantized:
            self.add("SOFTMAX", [x], self.value(*x.shape), "SoftmaxOptions", Beta=1)
        return net(*self.ops)


def residual(quantized: bool) -> bytes:
    w = Writer(1, 8, 8, 3, quantized=quantized)
    a = w.conv(w.x, 4)
    b = w.conv(w.conv(a, 4), 4, act=0)
    a = w.add("ADD", [a, b], w.value(*a.shape), "AddOptions", FusedActivationFunction=RELU)
    b = w.conv(a, 6, 2)
    c = w.add("AVERAGE_POOL_2D", [b], w.value(1, 1, 1, 6, scale=0.06), "Pool2DOptions", Padding=1,
              FilterHeight=4, FilterWidth=4, StrideH=4, StrideW=4)  # fmt: skip
    return w.done(w.dense(w.add("RESHAPE", [c, ints(1, 6)], w.value(1, 6, scale=0.06)), 5))


def separable(quantized: bool) -> bytes:
    w = Writer(1, 9, 7, 1, quantized=quantized)
    a = w.depthwise(w.conv(w.x, 4, 2))
    a = w.conv(a, 4)
    mean = w.value(1, 4)
    return w.done(w.dense(w.add("MEAN", [a, ints(1, 2)], mean, "ReducerOptions"), 5))


def flattened(quantized: bool) -> bytes:
    """The dense layer reads the map as it lies in memory: channels last."""
    w = Writer(1, 8, 6, 1, quantized=quantized)
    a = w.conv(w.x, 4)
    a = w.add("MAX_POOL_2D", [a], w.value(1, 4, 3, 4, scale=0.06), "Pool2DOptions", FilterHeight=2,
              FilterWidth=2, StrideH=2, StrideW=2)  # fmt: skip
    return w.done(w.dense(a, 5))


def joined(quantized: bool) -> bytes:
    """Two branches side by side, padded, scaled by channel."""
    w = Writer(1, 6, 6, 2, quantized=quantized)
    a, b = w.conv(w.x, 3), w.conv(w.x, 5)
    c = w.value(1, 6, 6, 8, scale=0.06)
    w.add("CONCATENATION", [a, b], c, "ConcatenationOptions", Axis=3)
    pads = Spec((4, 2), "int32", np.array([[0, 0], [1, 0], [0, 1], [0, 0]], np.int32))
    d = w.conv(w.add("PAD", [c, pads], w.value(1, 7, 7, 8, scale=0.06)), 4, 2)
    return w.done(w.dense(w.add("MEAN", [d, ints(1, 2)], w.value(1, 4), "ReducerOptions"), 5))


NETWORKS = {"residual": 1, "separable": 0, "flattened": 0, "joined": 1}
"""How many Transposes move bytes in the end: that of an input with more than one channel."""


def _read(data: bytes, folder: Path) -> Path:
    path = folder / "net.tflite"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_a_float_network(tmp_path: Path, name: str) -> None:
    data = globals()[name](False)
    path = _read(data, tmp_path)
    model, inputs = read_tflite(path), feeds(data)
    canonicalise(model, Options())
    transposes = [n for n in model.graph if n.op_type == "Transpose"]
    moving = [n for n in transposes if registry()["Transpose"].alias(Node(n)) is None]
    assert len(moving) == NETWORKS[name]
    assert all(n.inputs[0] is model.graph.inputs[0] for n in transposes)
    program = compile_model(path, Options()).program
    got = interpret(program, {program.inputs[0]: inputs[0]})[program.outputs[0]]
    np.testing.assert_allclose(got, litert(data, inputs)[0], rtol=1e-5, atol=1e-5)
    names = {t.name for t in program.tensors}
    graph = read_tflite(path).graph
    made = {v.name for n in graph for v in n.outputs if "/" not in str(v.name)}
    followed = {v.name: {u.node.op_type for u in v.uses()} for n in graph for v in n.outputs}
    for name in made - names:  # a product that has the sum or the Relu behind it in its store
        assert followed[name] <= {"Add", "Relu"}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_quantized_network(tmp_path: Path, name: str) -> None:
    """A unit of one layer is less than one of the next; some sums end on the other side."""
    data = globals()[name](True)
    path = _read(data, tmp_path)
    imported = canonicalise(read_tflite(path), Options())[0]["imported"]
    differences = []
    for seed in range(20):
        inputs = feeds(data, seed)
        want = litert(data, inputs)[0]
        got = by_runtime(imported, inputs)[0]
        assert got.dtype == np.int8
        differences.append(np.abs(got.astype(int) - want))
    whole = np.concatenate(differences)
    assert whole.max() <= 1
    assert np.mean(whole > 0) < 0.2
