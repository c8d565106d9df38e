"""A node of the canonical graph as an operator sees it: shapes, attributes, constants, refusal."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir

from odl import dtype
from odl.dtype import DType
from odl.errors import Unsupported
from odl.program import Ref

T = TypeVar("T")

SWITCH = "odl.switch"
"""In `meta` of a boolean scalar: steps may be left out where it is false."""
WHEN = "odl.when"
"""In `metadata_props` of a node: the boolean scalar without which nobody looks at its results.

Any ONNX engine may compute them all the same: the graph means what it means without this.
"""
SUMS = "odl.sums"
"""In `metadata_props` of a node: the precision of its sums, where bodies have a choice."""

TABLE = 1 << 20
"""Elements of a table that an operator makes from its attributes."""


class Node:
    """Typed, located access to one `onnx_ir.Node`; whatever is missing is refused in one line."""

    def __init__(self, node: ir.Node, taken: Container[str] = ()) -> None:
        """`taken` are the names that new constants must not have."""
        self.ir, self._taken = node, taken
        self.op = node.op_type if not node.domain else f"{node.domain}.{node.op_type}"
        outputs = [v.name for v in node.outputs if v.name]
        self.name = node.name or (outputs[0] if outputs else "") or "?"
        self.constants: dict[str, npt.NDArray[Any]] = {}
        self.scratch: dict[str, tuple[DType, tuple[int, ...]]] = {}

    def refuse(self, reason: str, advice: str = "") -> Unsupported:
        """The error that refuses this node; the caller raises it."""
        return Unsupported(reason, where=f"{self.op} node '{self.name}'", advice=advice)

    @property
    def when(self) -> Ref | None:
        """The condition under which it is computed, if there is one."""
        name = self.ir.metadata_props.get(WHEN, "")
        return Ref(name) if name else None

    @property
    def sums_in_single(self) -> bool:
        """Whether halves must be added up in single precision."""
        return self.ir.metadata_props.get(SUMS) == "fp32"

    # --- inputs and outputs ---

    def has(self, i: int) -> bool:
        """Whether input `i` is connected."""
        return i < len(self.ir.inputs) and self.ir.inputs[i] is not None

    def _value(self, i: int) -> ir.Value:
        if not self.has(i):
            raise self.refuse(f"input {i} is missing")
        value = self.ir.inputs[i]
        assert value is not None
        return value

    def input(self, i: int) -> Ref:
        return Ref(str(self._value(i).name))

    def named(self, *names: str) -> dict[str, Any]:
        """The first operands, by the names that a kernel has for them."""
        return {name: self.input(i) for i, name in enumerate(names)}

    def optional(self, i: int) -> Ref | None:
        return self.input(i) if self.has(i) else None

    def output(self, i: int = 0) -> Ref:
        return Ref(str(self.ir.outputs[i].name))

    def wants(self, i: int) -> bool:
        """Whether output `i` exists and somebody reads it."""
        if i >= len(self.ir.outputs):
            return False
        return bool(self.ir.outputs[i].uses()) or self.ir.outputs[i].is_graph_output()

    def shape(self, i: int = 0) -> tuple[int, ...]:
        return static_shape(self._value(i))

    def out_shape(self, i: int = 0) -> tuple[int, ...]:
        return static_shape(self.ir.outputs[i])

    def size(self, i: int = 0) -> int:
        """Elements of output `i`."""
        return math.prod(self.out_shape(i))

    def dtype(self, i: int = 0) -> DType:
        return value_dtype(self._value(i))

    def out_dtype(self, i: int = 0) -> DType:
        return value_dtype(self.ir.outputs[i])

    def const(self, i: int, what: str) -> npt.NDArray[Any]:
        """The value of input `i`, which must be known at compile time."""
        array = constant_value(self._value(i))
        if array is None:
            raise self.refuse(f"{what} is not a constant", "make it an initializer of the model")
        return array

    def is_const(self, i: int) -> bool:
        return self.has(i) and constant_value(self._value(i)) is not None

    def new_constant(self, suffix: str, array: npt.NDArray[Any]) -> Ref:
        """A constant that only the lowered form needs, such as an index table."""
        name = self._new_name(suffix)
        self.constants[name] = array
        return Ref(name)

    def new_table(self, suffix: str, array: npt.NDArray[Any]) -> Ref:
        """A constant whose size follows from attributes, not from what the file holds.

        Raises:
            Unsupported: it has more than TABLE elements, more than a microcontroller stores.
        """
        if array.size > TABLE:
            raise self.refuse(f"a table of {array.size} elements", f"at most {TABLE}")
        return self.new_constant(suffix, array)

    def new_scratch(self, suffix: str, kind: DType, shape: tuple[int, ...]) -> Ref:
        """Memory for intermediate results of the node's calls; a kernel takes it as an `Out`."""
        name = self._new_name(suffix)
        self.scratch[name] = (kind, shape)
        return Ref(name)

    def _new_name(self, suffix: str) -> str:
        name = f"{self.output().tensor}/{suffix}"
        while name in self._taken or name in self.constants or name in self.scratch:
            name += "'"
        return name

    @property
    def has_body(self) -> bool:
        """Whether graphs are among the attributes: loops and branches."""
        return any(a.type == ir.AttributeType.GRAPH for a in self.ir.attributes.values())

    @property
    def values(self) -> list[ir.Value]:
        """The connected inputs, as the graph has them."""
        return [v for v in self.ir.inputs if v is not None]

    # --- attributes ---

    def admit_attributes(self, known: tuple[str, ...]) -> None:
        """Refuse the node if it has an attribute that is not `known`."""
        for name in self.ir.attributes:
            if name not in known:
                supported = ", ".join(known) or "none"
                raise self.refuse(f"attribute '{name}' is not supported", f"supported: {supported}")

    def attr(self, name: str, default: T) -> T:
        """The attribute's value in the type of `default`."""
        attribute = self.ir.attributes.get(name)
        if attribute is None:
            return default
        value = attribute.value
        if isinstance(default, tuple):
            return tuple(value)  # type: ignore[return-value]
        if isinstance(default, float):
            return float(value)  # type: ignore[return-value]
        return value  # type: ignore[no-any-return]

    def axis(self, value: int, rank: int) -> int:
        """A possibly negative axis, checked."""
        if not -rank <= value < rank:
            raise self.refuse(f"axis {value} is outside rank {rank}")
        return value % rank


def static_shape(value: ir.Value) -> tuple[int, ...]:
    """The shape of a value of the canonical graph: every dimension is a number."""
    if not _is_static(value):
        raise _unknown_shape(value)
    return tuple(int(d) for d in value.shape or ())  # type: ignore[arg-type]


def _is_static(value: ir.Value) -> bool:
    return value.shape is not None and all(isinstance(d, int) for d in value.shape)


def _unknown_shape(value: ir.Value) -> Unsupported:
    """The refusal, at the node or input with which the unknown shapes begin."""
    while (node := value.producer()) is not None:
        before = [v for v in node.inputs if v is not None and not _is_static(v)]
        if not before:
            break
        value = before[0]
    if node is None or not onnx.defs.has(node.op_type, node.domain):
        return Unsupported(
            f"its shape {value.shape} is not known at compile time",
            where=f"tensor '{value.name}'",
            advice="give it with --input-shape NAME=D,D,...",
        )
    return Node(node).refuse(
        "the shape of its output depends on the values of its inputs",
        "memory is planned at compile time",
    )


def value_dtype(value: ir.Value) -> DType:
    """The element type of a value, as one that devices have."""
    number = int(value.dtype) if value.dtype is not None else -1
    found = dtype.BY_ONNX.get(number)
    if value.const_value is not None:
        found = {**dtype.BY_ONNX, **{d.onnx: d for d in dtype.PACKED}}.get(number)
    if found is None:
        raise Unsupported(
            f"its element type {value.dtype} has no kernels",
            where=f"tensor '{value.name}'",
            advice=f"odl compiles {', '.join(d.name for d in dtype.ALL)}",
        )
    return found


def constant_value(value: ir.Value) -> npt.NDArray[Any] | None:
    """The array behind an initializer, or None for a value that the device computes."""
    if value.const_value is None or value.is_graph_input():
        return None
    return np.asarray(value.const_value.numpy())
