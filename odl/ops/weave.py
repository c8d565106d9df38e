"""Graphs written as expressions: arithmetic on a `Term` appends ONNX nodes to its `Weaver`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import onnx_ir as ir

from odl.dtype import DType
from odl.ops.node import static_shape, value_dtype

Operand = Union["Term", float]

OTHER_TYPES = ("Cast", "IsInf", "IsNaN")
"""Operators whose result is not of the type of their operand."""


@dataclass(frozen=True, eq=False)
class Term:
    """A value that arithmetic makes nodes of; numbers take its type."""

    build: Weaver
    value: ir.Value

    @property
    def shape(self) -> tuple[int, ...]:
        return static_shape(self.value)

    @property
    def dtype(self) -> DType:
        return value_dtype(self.value)

    def _with(self, op: str, other: Operand, swapped: bool = False) -> Term:
        right = other if isinstance(other, Term) else self.build.number(other, self.value.dtype)
        a, b = (right, self) if swapped else (self, right)
        return self.build.term(op, a, b)

    def like_type(self, made: Term) -> Term:
        """A result of the operand's type, which numbers that meet it then take."""
        made.value.type = self.value.type
        return made

    def typed(self, shape: Sequence[int], kind: DType) -> Term:
        """The operand, known to be of this shape and type."""
        self.value.shape, self.value.type = ir.Shape(shape), ir.TensorType(ir.DataType(kind.onnx))
        return self

    def __add__(self, other: Operand) -> Term:
        return self.like_type(self._with("Add", other))

    def __sub__(self, other: Operand) -> Term:
        return self.like_type(self._with("Sub", other))

    def __rsub__(self, other: Operand) -> Term:
        return self.like_type(self._with("Sub", other, swapped=True))

    def __mul__(self, other: Operand) -> Term:
        return self.like_type(self._with("Mul", other))

    def __truediv__(self, other: Operand) -> Term:
        return self.like_type(self._with("Div", other))

    def __rtruediv__(self, other: Operand) -> Term:
        return self.like_type(self._with("Div", other, swapped=True))

    def __neg__(self) -> Term:
        return self.like_type(self.build.term("Neg", self))

    def __lt__(self, other: Operand) -> Term:
        return self._with("Less", other)

    def __gt__(self, other: Operand) -> Term:
        return self._with("Greater", other)

    def __le__(self, other: Operand) -> Term:
        return self._with("LessOrEqual", other)

    def __ge__(self, other: Operand) -> Term:
        return self._with("GreaterOrEqual", other)

    __radd__, __rmul__ = __add__, __mul__

    def apply(self, op: str, **attributes: Any) -> Term:
        """A function of this operand alone."""
        made = self.build.term(op, self, **attributes)
        return made if op in OTHER_TYPES else self.like_type(made)

    def cast(self, kind: DType) -> Term:
        """The operand in another type; itself if it has that."""
        wanted = ir.DataType(kind.onnx)
        if self.value.dtype == wanted:
            return self
        made = self.apply("Cast", to=int(wanted))
        made.value.shape, made.value.type = self.value.shape, ir.TensorType(wanted)
        return made

    def sum(self, axes: Sequence[int], keepdims: bool = False) -> Term:
        """The sum over `axes`; over none, the operand itself."""
        if not axes:
            return self
        made = self.build.term("ReduceSum", self, self.build.ints(axes), keepdims=int(keepdims))
        return self.like_type(made)

    def reshape(self, shape: Sequence[int]) -> Term:
        return self.like_type(self.build.term("Reshape", self, self.build.ints(shape)))

    def transpose(self, perm: Sequence[int]) -> Term:
        if list(perm) == sorted(perm):
            return self
        return self.like_type(self.apply("Transpose", perm=list(perm)))


class Weaver:
    """Appends nodes; their names begin with `name`, those of their values with `prefix`."""

    def __init__(self, name: str, prefix: str, kind: DType | None) -> None:
        """`kind` is the type of constants that are floats; None leaves each its own."""
        self._name, self._prefix, self._kind = name, prefix, kind
        self.section = ""
        """Stands in names before what tells nodes apart."""
        self.nodes: list[ir.Node] = []
        self._made = 0
        self.initializers: list[ir.Value] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], Term] = {}

    # --- values ---

    def __call__(self, op: str, *inputs: ir.Value | None, **attributes: object) -> ir.Value:
        """The (first) output of a new node."""
        domain, _, kind = op.rpartition(".")
        suffix = f"{self.section}{kind.lower()}{self._made + len(self.nodes)}"
        node = ir.node(
            kind,
            inputs,
            attributes=attributes,  # type: ignore[arg-type]
            domain=domain,
            name=f"{self._name}/{suffix}",
        )
        node.outputs[0].name = f"{self._prefix}/{suffix}"
        self.nodes.append(node)
        return node.outputs[0]

    def constant(self, name: str, array: np.ndarray) -> ir.Value:
        """A new initializer."""
        return self._initializer(name, self._in_kind(array))

    def _in_kind(self, array: np.ndarray) -> np.ndarray:
        if array.dtype.kind == "f" and self._kind is not None:
            return array.astype(self._kind.numpy)
        return array

    def _initializer(self, name: str, array: np.ndarray) -> ir.Value:
        full = f"{self._prefix}/{name}"
        value = ir.Value(name=full, const_value=ir.tensor(array, name=full))
        value.shape, value.type = ir.Shape(array.shape), ir.TensorType(value.const_value.dtype)  # type: ignore[union-attr]
        self.initializers.append(value)
        return value

    # --- terms ---

    def given(self, value: ir.Value) -> Term:
        """A value that stands elsewhere."""
        return Term(self, value)

    def term(self, op: str, *inputs: Term | None, like: Term | None = None, **more: Any) -> Term:
        """A new node; `like` has the type and shape of its output, where ONNX infers none."""
        value = self(op, *(t.value if t is not None else None for t in inputs), **more)
        made = Term(self, value)
        return made if like is None else self.like(made, like)

    def terms(self, op: str, *inputs: Term | None, like: Sequence[Term], **more: Any) -> list[Term]:
        """A new node with several outputs, typed and shaped like those of `like`."""
        first = self.term(op, *inputs, **more)
        node = first.value.producer()
        assert node is not None
        node.resize_outputs(len(like))
        made = [Term(self, v) for v in node.outputs]
        for i, (new, model) in enumerate(zip(made, like, strict=True)):
            new.value.name = new.value.name or f"{first.value.name}.{i}"
            self.like(new, model)
        return made

    def like(self, made: Term, model: Term) -> Term:
        """`made`, whose type and shape are known to be those of `model`."""
        return made.typed(model.shape, model.dtype)

    def number(self, value: float, kind: ir.DataType | None = None) -> Term:
        """A float of rank 0, of the type `kind` or that of all constants."""
        if kind is not None and kind.is_floating_point():
            return self._array(np.array(value, kind.numpy()))
        return self.array(np.array(value, np.float32))

    def integer(self, value: int) -> Term:
        """An int32 of rank 0."""
        return self.array(np.array(value, np.int32))

    def ints(self, values: Sequence[int]) -> Term:
        """Integers as an operand: axes, a shape, ..."""
        return self.array(np.array(list(values), np.int64))

    def array(self, values: np.ndarray) -> Term:
        """A constant, its floats of the type of all; equal ones are one."""
        return self._array(self._in_kind(values))

    def _array(self, values: np.ndarray) -> Term:
        key = str(values.dtype), values.shape, values.tobytes()
        if key not in self._known:
            value = self._initializer(f"constant{len(self.initializers)}", values)
            self._known[key] = self.given(value)
        return self._known[key]

    def where(self, condition: Term, a: Operand, b: Operand) -> Term:
        """One of two operands, element for element."""
        left, right = (v if isinstance(v, Term) else self.number(v) for v in (a, b))
        return self.term("Where", condition, left, right)

    def take(self) -> list[ir.Node]:
        """The nodes made so far, which are then somebody else's."""
        nodes, self.nodes = self.nodes, []
        self._made += len(nodes)
        return nodes

    def finish(self, graph: ir.Graph, before: ir.Node | None = None) -> None:
        """Put everything that was made into the graph, at its end or before a node."""
        for value in self.initializers:
            graph.register_initializer(value)
        if before is None:
            graph.extend(self.nodes)
        else:
            graph.insert_before(before, self.nodes)
        self.nodes, self.initializers, self._known = [], [], {}
