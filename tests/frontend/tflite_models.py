"""A writer of small TFLite files, and the two judges of what odl makes of them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import onnx
import tflite
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tests.models import runtime

Array = npt.NDArray[Any]

TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "int32": tflite.TensorType.INT32,
    "uint8": tflite.TensorType.UINT8,
    "int64": tflite.TensorType.INT64,
    "bool": tflite.TensorType.BOOL,
    "int16": tflite.TensorType.INT16,
    "int8": tflite.TensorType.INT8,
}
SECOND_VERSIONS = {"BROADCAST_TO"}
"""Operators that LiteRT does not have in version 1."""
NEWEST_OF_RUNTIME = 27


@dataclass
class Spec:
    """A tensor: an activation, or with `data` a constant."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    data: Array | None = None
    scale: Sequence[float] = ()
    zero: Sequence[int] = ()
    axis: int = 0
    variable: bool = False
    name: str | bytes = ""


def real(*shape: int, name: str = "") -> Spec:
    """A float activation."""
    return Spec(shape, name=name)


def state(*shape: int) -> Spec:
    """A variable float tensor."""
    return Spec(shape, variable=True)


def const(values: Any, dtype: str = "float32", **quantization: Any) -> Spec:
    """A constant."""
    data = np.asarray(values, dtype)
    return Spec(data.shape, dtype, data, **quantization)


def ints(*values: int) -> Spec:
    """A constant list of int32."""
    return const(values, "int32")


def stored(*shape: int, scale: float = 0.05, zero: int = 3, dtype: str = "int8") -> Spec:
    """A quantized activation."""
    return Spec(shape, dtype, scale=(scale,), zero=(zero,))


def weights(shape: Sequence[int], axis: int | None = None, seed: int = 0, **given: Any) -> Spec:
    """Seeded constants: float, or with `axis` int8 with a scale for each index (-1: one scale)."""
    rng = np.random.default_rng(seed)
    if axis is None:
        return const(rng.normal(0, 0.5, shape), **given)
    n = 1 if axis < 0 else shape[axis]
    data = rng.integers(-127, 128, shape)
    scale = rng.uniform(0.003, 0.01, n).tolist()
    return const(data, "int8", scale=scale, zero=[0] * n, axis=max(axis, 0))


def bias(n: int, x: Spec | None = None, w: Spec | None = None) -> Spec:
    """Seeded biases: float, or int32 with the scales of `x` times those of `w`."""
    rng = np.random.default_rng(n)
    if x is None or w is None:
        return const(rng.normal(0, 0.5, n))
    scale = [x.scale[0] * s for s in w.scale]
    return const(rng.integers(-300, 300, n), "int32", scale=scale, zero=[0] * len(scale))


@dataclass
class Op:
    """One operator; `inputs` and `outputs` are specs, or None for an absent operand."""

    name: str
    inputs: Sequence[Spec | None]
    outputs: Sequence[Spec]
    options: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def op(
    name: str, inputs: Sequence[Spec | None], out: Spec | Sequence[Spec], options: str = "",
    **fields: Any,
) -> Op:  # fmt: skip
    """An operator with options by their names in schema.fbs's generated classes."""
    outputs = [out] if isinstance(out, Spec) else list(out)
    return Op(name, inputs, outputs, options, fields)


def net(*ops: Op, inputs: Sequence[Spec] = (), outputs: Sequence[Spec] = ()) -> bytes:
    """A file; without `inputs` and `outputs`, those that no operator makes or reads."""
    specs: list[Spec] = []
    for o in ops:
        for s in (*o.inputs, *o.outputs):
            if s is not None and not any(s is t for t in specs):
                specs.append(s)
    made = [s for o in ops for s in o.outputs]
    read = [s for o in ops for s in o.inputs if s is not None]
    if not inputs:
        free = [s for s in specs if s.data is None and not s.variable]
        inputs = [s for s in free if not any(s is m for m in made)]
    if not outputs:
        outputs = [s for s in made if not any(s is r for r in read)]
    return _Writer(specs).model(ops, inputs, outputs)


class _Writer:
    """One flatbuffer."""

    def __init__(self, specs: list[Spec]) -> None:
        self.b = flatbuffers.Builder(1024)
        self.specs = specs

    def index(self, spec: Spec | None) -> int:
        return next((i for i, s in enumerate(self.specs) if s is spec), -1)

    def table(self, kind: str, **fields: Any) -> int:
        """A table of a generated class; the values of fields are scalars or offsets."""
        module = importlib.import_module(f"tflite.{kind}")
        getattr(module, f"{kind}Start")(self.b)
        for name, value in fields.items():
            getattr(module, f"{kind}Add{name}")(self.b, value)
        end: int = getattr(module, f"{kind}End")(self.b)
        return end

    def offsets(self, values: list[int]) -> int:
        self.b.StartVector(4, len(values), 4)
        for v in reversed(values):
            self.b.PrependUOffsetTRelative(v)
        end: int = self.b.EndVector()
        return end

    def numbers(self, values: Any, dtype: str) -> int:
        end: int = self.b.CreateNumpyVector(np.asarray(values, dtype))
        return end

    def model(self, ops: Sequence[Op], inputs: Sequence[Spec], outputs: Sequence[Spec]) -> bytes:
        codes = sorted({o.name for o in ops})
        graph = self.table(
            "SubGraph",
            Tensors=self.offsets([self._tensor(i, s) for i, s in enumerate(self.specs)]),
            Inputs=self.numbers([self.index(s) for s in inputs], "int32"),
            Outputs=self.numbers([self.index(s) for s in outputs], "int32"),
            Operators=self.offsets([self._operator(o, codes) for o in ops]),
        )
        made = self.table(
            "Model",
            Version=3,
            OperatorCodes=self.offsets([self._code(c) for c in codes]),
            Subgraphs=self.offsets([graph]),
            Buffers=self.offsets([self._buffer(None), *map(self._buffer, self.specs)]),
        )
        self.b.Finish(made, b"TFL3")
        return bytes(self.b.Output())

    def _code(self, name: str) -> int:
        code = getattr(tflite.BuiltinOperator, name)
        old, version = min(code, 127), 1 + (name in SECOND_VERSIONS)
        return self.table(
            "OperatorCode", BuiltinCode=code, DeprecatedBuiltinCode=old, Version=version
        )

    def _buffer(self, spec: Spec | None) -> int:
        if spec is None or spec.data is None:
            return self.table("Buffer")
        data = np.frombuffer(np.ascontiguousarray(spec.data).tobytes(), np.uint8)
        self.b.StartVector(1, len(data), 16)
        self.b.head -= len(data)
        self.b.Bytes[self.b.head : self.b.head + len(data)] = data.tobytes()
        return self.table("Buffer", Data=self.b.EndVector())

    def _tensor(self, i: int, spec: Spec) -> int:
        name = self.b.CreateString(spec.name or f"t{i}")
        shape = self.numbers(spec.shape, "int32")
        more = {}
        if spec.scale:
            more["Quantization"] = self.table(
                "QuantizationParameters",
                Scale=self.numbers(spec.scale, "float32"),
                ZeroPoint=self.numbers(spec.zero, "int64"),
                QuantizedDimension=spec.axis,
            )
        return self.table(
            "Tensor", Shape=shape, Type=TYPES[spec.dtype], Buffer=i + 1, Name=name,
            IsVariable=spec.variable, **more,
        )  # fmt: skip

    def _operator(self, o: Op, codes: list[str]) -> int:
        ends = {
            "Inputs": self.numbers([self.index(s) for s in o.inputs], "int32"),
            "Outputs": self.numbers([self.index(s) for s in o.outputs], "int32"),
        }
        if o.options:
            ends["BuiltinOptions"] = self.table(o.options, **o.fields)
            ends["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, o.options)
        return self.table("Operator", OpcodeIndex=codes.index(o.name), **ends)


# --- the judges ---


def feeds(data: bytes, seed: int = 0, low: float = -2, high: float = 2) -> list[Array]:
    """Seeded values for the inputs."""
    rng = np.random.default_rng(seed)
    made = []
    for d in _interpreter(data).get_input_details():
        kind = np.dtype(d["dtype"])
        if kind.kind == "f":
            made.append(rng.uniform(low, high, d["shape"]).astype(kind))
        elif kind.kind == "b":
            made.append(rng.random(d["shape"]) < 0.5)
        else:
            top = min(np.iinfo(kind).max, 127)
            made.append(rng.integers(max(np.iinfo(kind).min, -128), top + 1, d["shape"], kind))
    return made


def litert(data: bytes, inputs: list[Array]) -> list[Array]:
    """The outputs by LiteRT's plain kernels."""
    interpreter = _interpreter(data)
    for d, x in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(d["index"], x)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]


def _interpreter(data: bytes) -> Interpreter:
    made = Interpreter(
        model_content=data,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    made.allocate_tensors()
    return made


def by_runtime(net: onnx.ModelProto, inputs: list[Array]) -> list[Array]:
    """The outputs by ONNX Runtime."""
    proto = onnx.ModelProto()
    proto.CopyFrom(net)
    for opset in proto.opset_import:
        if not opset.domain:
            opset.version = min(opset.version, NEWEST_OF_RUNTIME)
    names = [v.name for v in proto.graph.input]
    return runtime(proto, dict(zip(names, inputs, strict=True)))
