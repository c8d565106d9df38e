"""ai.odl.Put: one row of a memory is replaced, in place."""

from __future__ import annotations

import onnx

from odl.dtype import ALL
from odl.ops.body import body
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import Call, In, Out, kernel


@kernel
def put(memory: In, row: In, slot: In, memory_next: Out, rows: int, length: int) -> None:
    """memory_next = memory with `row` in place of the row `slot[0]`, if there is such a row."""
    fresh = memory[: rows * length].copy()
    if 0 <= slot[0] < rows:
        fresh[slot[0] * length :][:length] = row[:length]
    memory_next[: rows * length] = fresh


class Put(Operator):
    """Inputs memory [rows, ...], row of the shape behind that, and slot, int32 of rank 0.

    A slot that is none of the memory's leaves it as it is.
    """

    op_types = ("ai.odl.Put",)
    kernels = (put,)
    dtypes = ALL
    shape_like = 0
    note = "memories"

    def function(self) -> onnx.FunctionProto:
        return body("""
            Put (memory, row, slot) => (memory_next) {
                zero = Constant <value_int = 0> ()
                one = Constant <value_int = 1> ()
                flat = Constant <value_ints = [0, -1]> ()
                single = Constant <value_ints = [1, -1]> ()
                upright = Constant <value_ints = [-1, 1]> ()
                shape = Shape (memory)
                rows = Gather (shape, zero)
                numbers = Range (zero, rows, one)
                slot_wide = Cast <to = 7> (slot)
                here = Equal (numbers, slot_wide)
                chosen = Reshape (here, upright)
                old = Reshape (memory, flat)
                new = Reshape (row, single)
                both = Where (chosen, new, old)
                memory_next = Reshape (both, shape)
            }""")

    def lower(self, node: Node) -> list[Call]:
        rows = node.shape()[0]
        args = {
            "memory": node.input(0), "row": node.input(1), "slot": node.input(2),
            "memory_next": node.output(), "rows": rows, "length": node.size() // rows,
        }  # fmt: skip
        return [Call(put, f"b{8 * node.dtype().size}", args, overlay=("memory",))]
