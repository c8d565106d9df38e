"""ai.odl.QTable: any function of one quantised number, from a table of its 256 values."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.ops.quantised import QUANTISED
from odl.program import Call, In, Out, kernel


@kernel
def q_table(x: In, table: In, y: Out, n: int) -> None:
    """y = table[x], x taken as a byte without sign."""
    y[:n] = table[x[:n].view(np.uint8)]


class QTable(Operator):
    op_types = ("ai.odl.QTable",)
    dtypes = QUANTISED
    kernels = (q_table,)
    constant_inputs = (1,)
    note = "made from functions of one operand between quantisers"

    def check(self, node: Node) -> None:
        if node.shape(1) != (256,):
            raise node.refuse(f"a table of shape {list(node.shape(1))}", "256 elements")

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "table": node.input(1), "y": node.output(), "n": node.size()}
        return [Call(q_table, "b8", args, overlay=("x",))]

    def function(self) -> onnx.FunctionProto:
        """Negative indices count from the table's end."""
        nodes = [
            helper.make_node("Cast", ["x"], ["index"], to=onnx.TensorProto.INT32),
            helper.make_node("Gather", ["table", "index"], ["y"]),
        ]
        opsets = [helper.make_opsetid("", 21)]
        return helper.make_function("ai.odl", "QTable", ["x", "table"], ["y"], nodes, opsets)
