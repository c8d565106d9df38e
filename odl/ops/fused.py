"""ai.odl.ConvAdd, ConvRelu, ConvAddRelu and the like: sums of products and what follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import onnx
from onnx import helper

from odl.ops.body import OPSET, forwarded
from odl.ops.conv import Conv
from odl.ops.conv_hwc import WINDOW, ConvHWC
from odl.ops.conv_transpose import ConvTranspose
from odl.ops.matmul import Gemm, MatMul
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import Call


class _Fused(Operator):
    """Inputs are all that the inner operator may have, and behind them the addend, if any.

    It stands where gradients are in the graph already.
    """

    inner: ClassVar[str]
    adds: ClassVar[bool]
    rectifies: ClassVar[bool]
    gradient = Operator.gradient
    applied = Operator.applied
    unrolls = False

    def forms(self, node: Node) -> list[Callable[[], list[Call]]]:
        return [self._completed(node, form) for form in super().forms(node)]

    def _completed(self, node: Node, form: Callable[[], list[Call]]) -> Callable[[], list[Call]]:
        return lambda: [self._complete(node, call) for call in form()]

    def _complete(self, node: Node, call: Call) -> Call:
        """What else is to be done by a call that makes results, and not what others need."""
        y = call.args["y"]
        if y.tensor != node.output().tensor:
            return call
        args = {**call.args, "relu": int(self.rectifies)}
        if not self.adds:
            return replace(call, args=args)
        args["addend"] = replace(node.input(len(node.ir.inputs) - 1), offset=y.offset)
        return replace(call, args=args, overlay=("addend",))

    def function(self) -> onnx.FunctionProto:
        names, nodes = self._inner()
        if self.adds:
            nodes.append(helper.make_node("Add", nodes[-1].output, ["total"]))
            nodes[-1].input.append("addend")
            names.append("addend")
        if self.rectifies:
            nodes.append(helper.make_node("Relu", nodes[-1].output, ["positive"]))
        name, opsets = self.op_types[0].removeprefix("ai.odl."), [helper.make_opsetid("", OPSET)]
        attributes = list(self.attributes)
        return helper.make_function(
            "ai.odl", name, names, nodes[-1].output, nodes, opsets, attributes
        )

    def _inner(self) -> tuple[list[str], list[onnx.NodeProto]]:
        """The inputs of the inner operator, and the nodes that do what it does."""
        own = super().function()
        if own is not None:
            return list(own.input), list(own.node)
        names = [item.name for item in onnx.defs.get_schema(self.inner, OPSET).inputs]
        return names, [forwarded(self.inner, names, self.attributes)]


def _family(inner: type[Operator], attributes: tuple[str, ...]) -> Iterator[type[Operator]]:
    """The inner operator with an addend, with Relu, and with both."""
    name = inner.op_types[0].removeprefix("ai.odl.")
    for adds, rectifies in ((True, False), (False, True), (True, True)):
        own = f"{name}{'Add' * adds}{'Relu' * rectifies}"
        facts: dict[str, Any] = {
            "op_types": (f"ai.odl.{own}",),
            "attributes": attributes,
            "note": f"made from {name} and what follows it",
            "inner": name,
            "adds": adds,
            "rectifies": rectifies,
            "with_addend": "",
            "with_relu": "" if rectifies else f"ai.odl.{own}Relu",
        }
        yield type(own, (_Fused, inner), facts)


FUSED = [
    *_family(Conv, WINDOW),
    *_family(ConvHWC, WINDOW),
    *_family(ConvTranspose, (*WINDOW, "output_padding")),
    *_family(Gemm, ("transA", "transB")),
    *_family(MatMul, ()),
]
