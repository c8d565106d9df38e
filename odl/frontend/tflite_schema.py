"""A .tflite file as plain checked records: nothing behind this module touches the flatbuffer.

The format is the schema `schema.fbs` of TensorFlow Lite, version 3; the `tflite` package has its
generated classes. They follow any offset that a file holds, so every count, index and range is
checked here, before it is used.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.errors import ModelError, Unsupported, printable
from odl.frontend.limits import FILE_BYTES, NAME_BYTES, NODES
from odl.program import ELEMENTS

TENSORS = 4 * NODES
OPERANDS = 8 * NODES
"""Of all operators together."""
TEXT_BYTES = 16 << 20
"""Of all names together: many tensors may point to one long name."""
RANK = 8

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point), for the tensor or along `axis`."""

    scale: npt.NDArray[np.float32]
    zero_point: npt.NDArray[np.int64]
    axis: int

    @property
    def per_axis(self) -> bool:
        return len(self.scale) > 1

    def same(self, other: Quantization | None) -> bool:
        """Whether equal bytes mean equal values."""
        return (
            other is not None
            and np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero_point, other.zero_point)
            and (not self.per_axis or self.axis == other.axis)
        )


@dataclass(frozen=True)
class Tensor:
    """One tensor that an operator or the graph's interface refers to."""

    name: str
    """Unique in the graph."""
    shape: tuple[int, ...]
    dtype: ir.DataType
    quantization: Quantization | None
    data: Array | None
    """The value of a constant."""
    variable: bool
    """State that starts at zero."""


@dataclass(frozen=True)
class TfliteOperator:
    """One operator: `inputs` and `outputs` are tensor indices, -1 is an absent operand."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_type: str
    options: Any
    """The generated class of its options over their table, or None."""
    given: dict[str, Any] = field(default_factory=dict)
    """Options that a rewriting put over those of the file."""


@dataclass(frozen=True)
class TfliteGraph:
    """The main graph; `tensors` holds what is used, by index."""

    tensors: dict[int, Tensor]
    operators: tuple[TfliteOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_graph(data: bytes) -> TfliteGraph:
    """The graph of a whole file.

    Raises:
        ModelError: a count, an index or a range is wrong, or over a limit.
    """
    import tflite

    model = tflite.Model.GetRootAs(data, 0)
    if model.Version() != 3:
        raise Unsupported(f"schema version {model.Version()}", where="model", advice="3 is read")
    if model.SubgraphsLength() != 1:
        raise Unsupported(
            f"{model.SubgraphsLength()} subgraphs",
            where="model",
            advice="one is read; export it without control flow",
        )
    graph = model.Subgraphs(0)
    operators = tuple(_operators(model, graph))
    inputs, outputs = (tuple(_ints(graph, end, TENSORS, "model")) for end in ("Inputs", "Outputs"))
    if not outputs:
        raise ModelError("the graph has no outputs", where="model")
    used = [*inputs, *outputs, *(i for o in operators for i in (*o.inputs, *o.outputs) if i != -1)]
    tensors = _tensors(model, graph, sorted(set(used)))
    return TfliteGraph(tensors, operators, inputs, outputs)


def _count(found: int, limit: int, what: str, where: str = "model") -> int:
    if found > limit:
        raise ModelError(f"more than {limit} {what}", where=where)
    return found


def _ints(table: Any, name: str, limit: int, where: str) -> list[int]:
    """A vector of integers, empty where it is absent."""
    if _count(getattr(table, f"{name}Length")(), limit, f"entries of {name}", where) == 0:
        return []
    found: list[int] = getattr(table, f"{name}AsNumpy")().tolist()
    return found


def _operators(model: Any, graph: Any) -> Iterator[TfliteOperator]:
    names = _names("BuiltinOperator")
    unions = _names("BuiltinOptions")
    codes = _count(model.OperatorCodesLength(), NODES, "operator codes")
    left = OPERANDS
    for i in range(_count(graph.OperatorsLength(), NODES, "operators")):
        operator, where = graph.Operators(i), f"operator {i}"
        if operator.OpcodeIndex() >= codes:
            raise ModelError(f"no operator code {operator.OpcodeIndex()}", where=where)
        code = model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = names.get(number, f"operator code {number}")
        if name == "CUSTOM":
            custom = printable((code.CustomCode() or b"").decode(errors="replace"), 60)
            raise Unsupported(f"the custom operator '{custom}' is not supported", where=where)
        inputs, outputs = (tuple(_ints(operator, e, left, where)) for e in ("Inputs", "Outputs"))
        left -= len(inputs) + len(outputs)
        if not outputs:
            raise ModelError("it has no outputs", where=f"{name} {where}")
        kind = unions.get(operator.BuiltinOptionsType(), "NONE")
        yield TfliteOperator(name, inputs, outputs, kind, _options(operator, kind))


def _names(enumeration: str) -> dict[int, str]:
    import tflite

    found = vars(getattr(tflite, enumeration))
    return {v: k for k, v in found.items() if isinstance(v, int)}


def _options(operator: Any, kind: str) -> Any:
    import tflite

    table = operator.BuiltinOptions()
    if kind == "NONE" or table is None:
        return None
    options = getattr(tflite, kind)()
    options.Init(table.Bytes, table.Pos)
    return options


def _tensors(model: Any, graph: Any, used: list[int]) -> dict[int, Tensor]:
    tensors, bytes_left, text_left = {}, FILE_BYTES, TEXT_BYTES
    count, names = _count(graph.TensorsLength(), TENSORS, "tensors"), Names()
    _count(model.BuffersLength(), TENSORS, "buffers")
    for i in used:
        if not 0 <= i < count:
            raise ModelError(f"tensor {i} does not exist; there are {count}", where="model")
        table = graph.Tensors(i)
        raw = table.Name() or b""
        text_left -= len(raw)
        if len(raw) > NAME_BYTES or text_left < 0:
            raise ModelError(
                f"longer than {NAME_BYTES} bytes, or all names than {TEXT_BYTES}",
                where=f"name of tensor {i}",
            )
        name = names.unique(raw.decode(errors="backslashreplace") or f"tensor{i}")
        tensors[i] = tensor = _tensor(model, table, name)
        bytes_left -= tensor.data.nbytes if tensor.data is not None else 0
        if bytes_left < 0:
            raise ModelError(f"constants of more than {FILE_BYTES} bytes", where="model")
    return tensors


class Names:
    """Distinct names in linear time, whatever a file calls its tensors."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        chosen, n = name, self.next.get(name, 2)
        while chosen in self.taken:
            chosen, n = f"{name}_{n}", n + 1
        self.next[name] = n
        self.taken.add(chosen)
        return chosen


def _dtypes() -> dict[int, ir.DataType]:
    import tflite

    kinds = tflite.TensorType
    return {
        kinds.FLOAT32: ir.DataType.FLOAT,
        kinds.FLOAT16: ir.DataType.FLOAT16,
        kinds.INT8: ir.DataType.INT8,
        kinds.UINT8: ir.DataType.UINT8,
        kinds.INT32: ir.DataType.INT32,
        kinds.INT64: ir.DataType.INT64,
        kinds.BOOL: ir.DataType.BOOL,
    }


def _tensor(model: Any, table: Any, name: str) -> Tensor:
    where = f"tensor '{name}'"
    known = _dtypes()
    if table.Type() not in known:
        kind = _names("TensorType").get(table.Type(), f"type {table.Type()}")
        supported = ", ".join(str(d) for d in known.values())
        raise Unsupported(f"elements of {kind}", where=where, advice=f"supported: {supported}")
    if table.Sparsity() is not None:
        raise Unsupported("sparse", where=where, advice="store it densely")
    dtype, shape = known[table.Type()], tuple(_ints(table, "Shape", RANK, where))
    if min(shape, default=0) < 0 or math.prod(shape) > ELEMENTS:
        raise ModelError(f"the shape {list(shape)} has no size that is read", where=where)
    quantization = None
    if dtype in (ir.DataType.INT8, ir.DataType.UINT8, ir.DataType.INT32):
        quantization = _quantization(table, shape, dtype, where)
    data = _data(model, table, shape, dtype, where)
    return Tensor(name, shape, dtype, quantization, data, bool(table.IsVariable()))


def _data(
    model: Any, table: Any, shape: tuple[int, ...], dtype: ir.DataType, where: str
) -> Array | None:
    number = table.Buffer()
    if number >= model.BuffersLength():
        raise ModelError(f"buffer {number} does not exist", where=where)
    buffer = model.Buffers(number)
    if buffer.Offset() > 1 or buffer.Size() > 1:
        raise Unsupported("its data stand behind the flatbuffer", where=where)
    size = buffer.DataLength()
    if size == 0 or number == 0:
        return None
    element = dtype.numpy().newbyteorder("<")
    if size != math.prod(shape) * element.itemsize:
        raise ModelError(
            f"its data are {size} bytes, not those of {list(shape)} {dtype}", where=where
        )
    raw = buffer.DataAsNumpy()
    if dtype == ir.DataType.BOOL:
        raw = (raw != 0).astype(np.uint8)
    return np.frombuffer(raw.tobytes(), element).reshape(shape)


def _quantization(
    table: Any, shape: tuple[int, ...], dtype: ir.DataType, where: str
) -> Quantization | None:
    found = table.Quantization()
    if found is None or found.ScaleLength() == 0:
        return None
    if found.DetailsType() != 0:
        raise Unsupported("custom quantization", where=where)
    axis = found.QuantizedDimension()
    n = found.ScaleLength()
    if n != 1 and (not 0 <= axis < len(shape) or n != shape[axis]):
        raise ModelError(f"{n} scales do not fit axis {axis} of {list(shape)}", where=where)
    if found.ZeroPointLength() not in (0, n):
        raise ModelError(f"{found.ZeroPointLength()} zero points for {n} scales", where=where)
    scale = np.array(found.ScaleAsNumpy(), np.float32)
    zero = np.array(found.ZeroPointAsNumpy() if found.ZeroPointLength() else [0] * n, np.int64)
    limits = np.iinfo(dtype.numpy())
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise ModelError("a scale is not a positive number", where=where)
    if zero.min() < limits.min or zero.max() > limits.max:
        raise ModelError(f"a zero point is outside {dtype}", where=where)
    return Quantization(scale, zero, axis if n > 1 else 0)
