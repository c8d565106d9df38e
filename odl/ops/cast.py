"""Cast between the types that devices have."""

from __future__ import annotations

import numpy as np

from odl.dtype import BOOL, F32, I8, I32, I64, U8
from odl.ops.node import Node
from odl.ops.operator import Operator
from odl.program import Call, In, Out, kernel


@kernel
def cast(x: In, y: Out, n: int) -> None:
    """y = x in another type: towards zero to integers, != 0 to bool; outside the range undefined."""
    with np.errstate(all="ignore"):
        y[:n] = x[:n].astype(y.dtype)


class Cast(Operator):
    op_types = ("Cast",)
    attributes = ("to", "saturate", "round_mode")
    dtypes = (F32, I8, U8, I32, I64, BOOL)

    def check(self, node: Node) -> None:
        if node.out_dtype() not in self.dtypes:
            supported = ", ".join(map(str, self.dtypes))
            raise node.refuse(f"no kernel to {node.out_dtype()}", f"supported: {supported}")

    def alias(self, node: Node) -> int | None:
        return 0 if node.dtype() == node.out_dtype() else None

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "y": node.output(), "n": node.size()}
        return [Call(cast, f"{node.dtype()}_{node.out_dtype()}", args)]
