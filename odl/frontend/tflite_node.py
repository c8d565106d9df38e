"""A TFLite operator as its converter sees it: operands, options, and the ONNX nodes it becomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from odl.errors import ModelError, Unsupported
from odl.frontend.tflite_emit import Array, Emitted, Ints
from odl.frontend.tflite_schema import Quantization, Tensor, TfliteOperator

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)

_EMPTY_TABLE = bytes([4, 0, 4, 0, 4, 0, 0, 0])
"""A flatbuffer table without fields, at byte 4: every option has its default."""

_BOUNDS = {1: (0.0, math.inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}
"""Of the fused activations RELU, RELU_N1_TO_1 and RELU6 (schema.fbs, ActivationFunctionType)."""
_NONE, _TANH = 0, 4


@dataclass(frozen=True)
class View:
    """A result whose elements stand in another order or shape than the output's."""

    value: ir.Value
    perm: Ints = ()
    shape: Ints = ()


Results = ir.Value | View | Sequence[ir.Value]


class TfliteNode:
    """One operator; calling it appends an ONNX node."""

    def __init__(
        self, operator: TfliteOperator, out: Emitted, options: str = "", moves: bool = False
    ) -> None:
        """`options` is the kind of its options; `moves`: it computes nothing.

        Raises:
            ModelError: its outputs or options are not those of the operator.
        """
        self.operator, self._out = operator, out
        self.outputs = [out.graph.tensors[i] for i in operator.outputs if i >= 0]
        if len(self.outputs) != len(operator.outputs):
            raise ModelError("an output is missing", where=f"{operator.name} operator")
        self._options = self._admit_options(options) if options else None
        self.raw = moves and self._same_scales()
        """It takes its operands as they are stored: equal bytes mean equal values."""

    # --- refusal ---

    @property
    def where(self) -> str:
        return f"{self.operator.name} operator of tensor '{self.out.name}'"

    def refuse(self, reason: str, advice: str = "") -> Unsupported:
        """The error that refuses this operator; the caller raises it."""
        return Unsupported(reason, where=self.where, advice=advice)

    def malformed(self, reason: str) -> ModelError:
        """The error of an operator that makes no sense; the caller raises it."""
        return ModelError(reason, where=self.where)

    # --- operands ---

    @property
    def count(self) -> int:
        """Operands, absent ones as well."""
        return len(self.operator.inputs)

    def has(self, i: int) -> bool:
        return i < self.count and self.operator.inputs[i] >= 0

    def tensor(self, i: int) -> Tensor:
        """Operand `i`."""
        if not self.has(i):
            raise self.malformed(f"input {i} is missing")
        return self._out.graph.tensors[self.operator.inputs[i]]

    @property
    def out(self) -> Tensor:
        return self.outputs[0]

    def shape(self, i: int = 0) -> Ints:
        return self.tensor(i).shape

    def shape4(self, i: int = 0) -> tuple[int, int, int, int]:
        """The shape of an operand that must have rank 4."""
        return self._rank4(self.shape(i), f"input {i}")

    def out4(self) -> tuple[int, int, int, int]:
        """The shape of a first output that must have rank 4."""
        return self._rank4(self.out.shape, "the output")

    def _rank4(self, shape: Ints, what: str) -> tuple[int, int, int, int]:
        if len(shape) != 4 or 0 in shape:
            raise self.malformed(f"{what} has the shape {list(shape)}, not one of rank 4")
        a, b, c, d = shape
        return a, b, c, d

    def const(self, i: int, what: str) -> Array:
        """The stored value of operand `i`, which must be constant."""
        data = self.tensor(i).data
        if data is None:
            raise self.refuse(f"{what} is not a constant")
        return data

    def ints(self, i: int, what: str) -> list[int]:
        """A constant operand as a flat list of integers."""
        data = self.const(i, what)
        if data.dtype.kind not in "iu" or data.size > 4096:
            raise self.malformed(f"{what} is no short list of integers")
        return [int(v) for v in data.ravel()]

    def pairs(self, i: int, what: str, n: int) -> list[tuple[int, int]]:
        """A constant operand of `n` rows (before, behind)."""
        values = self.ints(i, what)
        if len(values) != 2 * n:
            raise self.malformed(f"{what} is not {n} pairs")
        return list(zip(values[::2], values[1::2], strict=True))

    def axis(self, value: int, rank: int) -> int:
        """A possibly negative axis, checked."""
        if not -rank <= value < rank:
            raise self.malformed(f"axis {value} is outside rank {rank}")
        return value % rank

    def x(self, i: int = 0, perm: Ints = (), shape: Ints = ()) -> ir.Value:
        """Operand `i` to compute with: float where it is quantized; transposed, then reshaped."""
        tensor, index = self.tensor(i), self.operator.inputs[i]
        if self.raw or tensor.quantization is None:
            return self._out.stored(index, perm, shape)
        return self._out.real(index, perm, shape)

    def dequantized(self, i: int) -> ir.Value:
        """Operand `i` in float, as a node of this operator's own."""
        tensor = self.tensor(i)
        if tensor.quantization is None:
            raise self.malformed(f"input {i} has no scale")
        stored = self._out.stored(self.operator.inputs[i])
        return self._out.dequantize(stored, tensor, tensor.quantization, tensor.name)

    def channels_first(self, i: int = 0) -> ir.Value:
        """Operand `i` of shape [n, h, w, c] as [n, c, h, w]."""
        self.shape4(i)
        return self.x(i, TO_NCHW)

    def bias(self, i: int, x: int, w: int) -> ir.Value | None:
        """Operand `i` as a bias; an integer one has the scale of `x` times that of `w`."""
        if not self.has(i):
            return None
        tensor, qx, qw = self.tensor(i), self.tensor(x).quantization, self.tensor(w).quantization
        if tensor.dtype != ir.DataType.INT32 or qx is None or qw is None:
            return self.x(i)
        if len(qw.scale) not in (1, math.prod(tensor.shape)):
            raise self.malformed(f"{len(qw.scale)} scales of weights for {tensor.shape} biases")
        with np.errstate(all="ignore"):
            scale = qx.scale[0] * qw.scale
        if not (np.isfinite(scale).all() and (scale > 0).all()):
            raise self.malformed("the scale of its bias is not a positive number")
        q = Quantization(scale, np.zeros(len(scale), np.int64), 0)
        index = self.operator.inputs[i]
        return self._out.dequantize(self._out.stored(index), tensor, q, f"{self.out.name}/bias")

    def _same_scales(self) -> bool:
        """Whether all quantized operands and results have the same scale and zero point."""
        indices = (*self.operator.inputs, *self.operator.outputs)
        found = [self._out.graph.tensors[i].quantization for i in indices if i >= 0]
        known = [q for q in found if q is not None]
        return bool(known) and not known[0].per_axis and all(known[0].same(q) for q in known)

    # --- options ---

    def option(self, name: str) -> Any:
        """An option of the operator, by its name in the generated class."""
        if name in self.operator.given:
            return self.operator.given[name]
        value = getattr(self._options, name)()
        if isinstance(value, float) and not math.isfinite(value):
            raise self.malformed(f"option {name} is {value}")
        return value

    def _admit_options(self, kind: str) -> Any:
        import tflite

        options = self.operator.options
        if options is None:
            options = getattr(tflite, kind)()
            options.Init(_EMPTY_TABLE, 4)
        elif self.operator.options_type != kind:
            raise self.malformed(f"its options are {self.operator.options_type}, not {kind}")
        return options

    # --- ONNX nodes ---

    def __call__(self, op: str, *inputs: ir.Value | None, **attributes: Any) -> ir.Value:
        """The (first) output of a new node."""
        return self._out.node(op, inputs, f"{self.out.name}/{op.lower()}", **attributes)

    def many(self, op: str, n: int, *inputs: ir.Value | None, **attributes: Any) -> list[ir.Value]:
        """All `n` outputs of a new node."""
        first = self._out.node(op, inputs, f"{self.out.name}/{op.lower()}", n, **attributes)
        producer = first.producer()
        assert producer is not None
        return list(producer.outputs)

    def constant(self, name: str, array: Array) -> ir.Value:
        """A new initializer named after the operator's output."""
        return self._out.constant(f"{self.out.name}/{name}", array)

    def list(self, name: str, values: Sequence[int]) -> ir.Value:
        """Integers as an operand: a shape, axes, sizes."""
        return self.constant(name, np.array(values, np.int64))

    def scalar(self, name: str, value: float) -> ir.Value:
        """A float of rank 0."""
        return self.constant(name, np.array(value, np.float32))

    def reshape(self, x: ir.Value, shape: Sequence[int]) -> ir.Value:
        """`x` in another shape."""
        return self("Reshape", x, self.list("shape", shape))

    def clamp(self, x: ir.Value, low: float, high: float) -> ir.Value:
        """min(max(x, low), high); no node where the quantized result cannot leave the range."""
        if _saturates(self.out, low, high):
            return x
        if (low, high) == (0, math.inf):
            return self("Relu", x)
        return self("Clip", x, self.scalar("low", low), self.scalar("high", high))

    # --- results ---

    def finish(self, results: Results, activation: int = 0) -> None:
        """Fused activation, quantization and layout; the outputs get the tensors' names."""
        given = [results] if isinstance(results, (ir.Value, View)) else results
        if len(given) != len(self.outputs):
            raise self.malformed(f"{len(self.outputs)} outputs, not {len(given)}")
        for index, tensor, result in zip(self.operator.outputs, self.outputs, given, strict=True):
            view = result if isinstance(result, View) else View(result)
            value = self._activate(view.value, activation)
            if tensor.quantization is not None and not self.raw:
                value = self._out.quantize(value, tensor, tensor.quantization, self.where)
            value = self._out.view(value, view.perm, view.shape, f"{tensor.name}/view")
            self._out.bind(index, value)

    def _activate(self, x: ir.Value, activation: int) -> ir.Value:
        if activation == _NONE:
            return x
        if activation == _TANH:
            return self("Tanh", x)
        if activation not in _BOUNDS:
            raise self.refuse(f"fused activation {activation}", "supported: relu, relu6, tanh")
        return self.clamp(x, *_BOUNDS[activation])


def _saturates(tensor: Tensor, low: float, high: float) -> bool:
    """Whether rounding to the tensor's stored type keeps values within [low, high] anyway."""
    q = tensor.quantization
    if q is None:
        return False
    limits, scale, zero = np.iinfo(tensor.dtype.numpy()), float(q.scale[0]), int(q.zero_point[0])
    first, last = np.rint(low / scale) + zero, np.rint(high / scale) + zero
    return bool(first <= limits.min and last >= limits.max)
