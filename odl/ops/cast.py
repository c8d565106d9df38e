"""Cast between the types that devices have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from odl.dtype import BOOL
from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.ops.tilings import flat, tiled
from odl.ops.wide import NUMBERS, wide
from odl.program import Call, In, Out, kernel


@tiled(flat("x", "y"))
@kernel
def cast(x: In, y: Out, n: int) -> None:
    """y = x in another type. Floats go to integers towards zero and saturate, NaN becomes 0.

    Integers that are too wide lose their high bits. ONNX leaves all that is out of range open.
    """
    v = wide(x[:n])
    if x.dtype.kind == "f" and y.dtype.kind in "iu":
        limits = np.iinfo(y.dtype)
        inside = np.nan_to_num(v, nan=0.0, posinf=np.inf, neginf=-np.inf)
        low, high = inside <= limits.min, inside >= float(limits.max)
        whole = np.where(low | high, 0, inside).astype(y.dtype)
        y[:n] = np.where(low, limits.min, np.where(high, limits.max, whole))
    else:
        y[:n] = v.astype(y.dtype)


class Cast(Operator):
    op_types = ("Cast",)
    kernels = (cast,)
    elementwise = True
    attributes = ("to", "saturate", "round_mode")
    dtypes = (*NUMBERS, BOOL)

    def check(self, node: Node) -> None:
        if node.out_dtype() not in self.dtypes:
            supported = ", ".join(map(str, self.dtypes))
            raise node.refuse(f"no kernel to {node.out_dtype()}", f"supported: {supported}")

    def keep_single(self, node: Node) -> str:
        return "the model asks for the type"

    def alias(self, node: Node) -> int | None:
        return 0 if node.dtype() == node.out_dtype() else None

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """Rounding counts as if it were none."""
        if not node.out_dtype().is_float:
            return [None]
        return [b.dy().cast(node.dtype())]

    def lower(self, node: Node) -> list[Call]:
        args = {"x": node.input(0), "y": node.output(), "n": node.size()}
        return [Call(cast, f"{node.dtype()}_{node.out_dtype()}", args)]

    def same(self, node: Node, x: Arrays, got: Arrays, want: Arrays) -> list[npt.NDArray[np.bool_]]:
        """What is out of the integers' range is open."""
        if not node.dtype().is_float or node.out_dtype().numpy.kind not in "iu":
            return super().same(node, x, got, want)
        limits = np.iinfo(node.out_dtype().numpy)  # type: ignore[type-var]
        return [~((x[0] >= limits.min) & (x[0] <= limits.max))]
