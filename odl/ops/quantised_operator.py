"""Operators between quantised tensors: an operator between quantisers, and a clamp."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
from onnx import helper
from onnx.reference import ReferenceEvaluator

from odl.dtype import F32
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma
from odl.ops.quantised import QUANTISED, near
from odl.ops.reference import evaluator

Array = npt.NDArray[Any]
OPSET = 21


class Quantised(Operator):
    """y = clamp(quantise(inner(dequantised operands))), with sums in integers.

    The inputs are, of each operand, values, scale and zero point; then scale and zero point of y;
    then the least and largest value that y may take. All but values are constants.
    """

    dtypes = QUANTISED
    inner: ClassVar[str]
    """The operator of the standard that stands between."""
    operands: ClassVar[tuple[str, ...]] = ("x",)
    axes: ClassVar[dict[str, int]] = {}
    """The axis along which an operand has scales of its own."""
    fixed: ClassVar[tuple[str, ...]] = ()
    """Constant inputs of the inner operator behind the operands, such as the axes."""
    roundings: ClassVar[int] = 4
    """Roundings of a result's float32 arithmetic, those of constants included."""
    note = "made from QuantizeLinear and DequantizeLinear"

    def names(self) -> list[str]:
        """The inputs in order."""
        each = [f"{name}{part}" for name in self.operands for part in ("", "_scale", "_zero")]
        return [*each, *self.fixed, "y_scale", "y_zero", "low", "high"]

    def function(self) -> onnx.FunctionProto:
        return self._function(self.op_types[0].removeprefix("ai.odl."), self.names(), "y")

    def _function(self, name: str, inputs: list[str], output: str) -> onnx.FunctionProto:
        nodes = [
            helper.make_node(
                "DequantizeLinear",
                [v, f"{v}_scale", f"{v}_zero"],
                [f"{v}_real"],
                axis=self.axes.get(v, 0),
            )
            for v in self.operands
        ]
        real = [*(f"{v}_real" for v in self.operands), *self.fixed]
        inner = helper.make_node(self.inner, real, ["real"])
        for attribute, kind in self.attribute_types().items():
            inner.attribute.append(
                onnx.AttributeProto(name=attribute, ref_attr_name=attribute, type=kind)
            )
        nodes.append(inner)
        if output == "y":
            nodes.append(helper.make_node("QuantizeLinear", ["real", "y_scale", "y_zero"], ["q"]))
            nodes.append(helper.make_node("Clip", ["q", "low", "high"], ["y"]))
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_function(
            "ai.odl", name, inputs, [output], nodes, opsets, list(self.attributes)
        )

    def attribute_types(self) -> dict[str, Any]:
        """ONNX's type of every attribute."""
        schema = onnx.defs.get_schema(self.inner, OPSET).attributes
        return {
            name: getattr(schema[name].type, "value", schema[name].type) for name in self.attributes
        }

    def value(self, node: Node, name: str) -> Array:
        """The constant that stands at the input `name`."""
        return node.const(self.names().index(name), name)

    def scalar(self, node: Node, name: str) -> Any:
        """The same of one element, as float32 or int."""
        found = self.value(node, name).ravel()
        if found.size != 1:
            raise node.refuse(f"{name} of {found.size} elements", "one for the whole tensor")
        return found[0] if found.dtype.kind == "f" else int(found[0])

    def check(self, node: Node) -> None:
        for name in ("y_scale", "y_zero", "low", "high"):
            self.scalar(node, name)
        if node.dtype() != node.out_dtype():
            raise node.refuse(f"{node.dtype()} to {node.out_dtype()}", "give both one type")
        if any(not np.all(self.value(node, n) > 0) for n in self.names() if n.endswith("_scale")):
            raise node.refuse("a scale that is not positive")

    def real(self, node: Node, x: Arrays) -> Array:
        """The exact result before it is rounded, in units of y's scale."""
        function = self._function("Real", self.names(), "real")
        call = helper.make_node("Real", self.names(), ["real"], domain="ai.odl")
        call.attribute.extend(map(ir.serde.serialize_attribute, node.ir.attributes.values()))
        found = _evaluator(call.SerializeToString(), function.SerializeToString())
        (real,) = found.run(None, dict(zip(self.names(), x, strict=True)))
        return np.asarray(real / np.float64(self.scalar(node, "y_scale")))

    def error(self, node: Node, x: Arrays, real: Array) -> Array:
        """The most by which float32 arithmetic misses `real`, in units of y's scale."""
        return np.asarray(gamma(self.roundings, F32.unit_roundoff) * np.abs(real))

    def same(self, node: Node, x: Arrays, got: Arrays, want: Arrays) -> list[npt.NDArray[np.bool_]]:
        """Either neighbour is right where the exact value lies within the error of a half."""
        zero, low, high = (self.scalar(node, n) for n in ("y_zero", "low", "high"))
        real = self.real(node, x)
        error = self.error(node, x, real)
        kept = [np.clip(v, low - zero, high - zero) for v in (real - error, real + error)]
        middle = (kept[0] + kept[1]) / 2
        return [near(middle, kept[1] - middle, zero, got[0])]

    def rounding(self, node: Node) -> dict[str, int]:
        """Fields of the kernels: zero point and limits of y."""
        fields = {"zero": "y_zero", "low": "low", "high": "high"}
        return {field: self.scalar(node, name) for field, name in fields.items()}


@lru_cache(maxsize=4096)
def _evaluator(call: bytes, function: bytes) -> ReferenceEvaluator:
    node = onnx.NodeProto.FromString(call)
    graph = helper.make_graph(
        [node],
        "real",
        [onnx.ValueInfoProto(name=n) for n in node.input],
        [onnx.ValueInfoProto(name="real")],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.odl", 1)]
    body = onnx.FunctionProto.FromString(function)
    model = helper.make_model(graph, opset_imports=opsets, functions=[body])
    return evaluator(model)
