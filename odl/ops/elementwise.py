"""What elementwise functions of one operand have in common: a row of `Function` each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from odl.dtype import DType
from odl.ops.backward import Backward, Gradients
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.ops.tilings import flat
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, wide
from odl.program import Call, In, Kernel, Out

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Function:
    """A function of one operand and of up to two parameters, the kernel's `alpha` and `beta`."""

    kernel: Kernel
    bound: Callable[..., Any] = lambda x, y, u, *_: np.zeros(y.shape)
    """Largest absolute error for exact x, y and the unit roundoff u, then the parameters."""
    parameters: tuple[tuple[str, float], ...] = ()
    """ONNX's names of the parameters, with their defaults."""
    dtypes: tuple[DType, ...] = FLOATS
    keep_single: str = ""
    """See `Operator.keep_single`."""
    derivative: Callable[..., Term | None] | None = None
    """Of x, y and the parameters; it may give None for zero."""


def ulps(n: float) -> Callable[..., Any]:
    """A bound of n units in the last place."""
    return lambda x, y, u, *_: n * (2 * u * np.abs(y) + np.where(y != 0, 2.0**-149, 0))


def unary(name: str, run: Callable[..., Any], parameters: int = 0) -> Kernel:
    """The kernel `name` whose elements are `run(x, *parameters)`."""

    def apply(x: Array, y: Array, n: int, *values: float) -> None:
        with np.errstate(all="ignore"):
            y[:n] = run(wide(x[:n]), *map(np.float32, values))

    def plain(x: In, y: Out, n: int) -> None:
        apply(x, y, n)

    def one(x: In, y: Out, n: int, alpha: float) -> None:
        apply(x, y, n, alpha)

    def two(x: In, y: Out, n: int, alpha: float, beta: float) -> None:
        apply(x, y, n, alpha, beta)

    return Kernel(name, (plain, one, two)[parameters], flat("x", "y"))


class Elementwise(Operator):
    """A family: subclasses give `functions`, by operator."""

    functions: ClassVar[dict[str, Function]]
    elementwise = True

    def types(self, op_type: str) -> tuple[DType, ...]:
        return self.functions[op_type].dtypes

    def bodies(self, op_type: str) -> tuple[Kernel, ...]:
        return (self.functions[op_type].kernel,)

    def row(self, node: Node) -> Function:
        """The function that the node computes."""
        return self.functions[node.op]

    def parameters(self, node: Node) -> list[float]:
        """Alpha and beta, as far as the function has them."""
        return [node.attr(k, default) for k, default in self.row(node).parameters]

    def keep_single(self, node: Node) -> str:
        return self.row(node).keep_single

    def lower(self, node: Node) -> list[Call]:
        function = self.row(node)
        args: dict[str, Any] = {"x": node.input(0), "y": node.output(), "n": node.size()}
        args.update(zip(("alpha", "beta"), self.parameters(node), strict=False))
        return [Call(function.kernel, str(node.dtype()), args, overlay=("x",))]

    def learns(self, op_type: str) -> bool:
        known = self.functions.get(op_type)
        rows = [known] if known else self.functions.values()  # those that `row` chooses from
        return all(row.derivative is not None for row in rows)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        derivative = self.row(node).derivative
        if derivative is None:
            return super().gradient(b, node)
        slope = derivative(b.x(), b.y(), *self.parameters(node))
        return [slope and b.dy() * slope]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        return [self.row(node).bound(x[0], y[0], u, *self.parameters(node))]
