"""What an operator is: a class with the few questions that the compiler asks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir

from odl.dtype import F16, F32, DType
from odl.ops import layout
from odl.ops.backward import Backward, Gradients
from odl.ops.foreign import Builder
from odl.ops.linear import Applied, Linear
from odl.ops.node import Node
from odl.ops.weave import Term, Weaver
from odl.program import Call, Kernel

Arrays = list[npt.NDArray[Any]]

ROLE = "odl.role"
"""In `meta` of a constant: role and layer that it had before its node was rewritten, both str."""


HALF_SUM = 96
"""The most terms that a kernel adds up in half precision before it starts anew."""


class Operator:
    """One operator, or a tight family; subclasses override what differs.

    To add one, write a file in this folder with a subclass; nothing else lists it.
    """

    op_types: ClassVar[tuple[str, ...]]
    """Names in the standard domain, or `ai.odl.Name`."""
    attributes: ClassVar[tuple[str, ...]] = ()
    """Attributes that `lower` honours; a node with any other is refused."""
    dtypes: ClassVar[tuple[DType, ...]] = (F32,)
    """Types of the first input."""
    kernels: ClassVar[tuple[Kernel, ...]] = ()
    """What the calls of `lower` may name; nothing for operators without code."""
    constant_inputs: ClassVar[tuple[int, ...]] = ()
    """Inputs that must be known at compile time."""
    moves: ClassVar[bool] = False
    """Whether the outputs are elements of the inputs that are not constant, only elsewhere."""
    shape_like: ClassVar[int | None] = None
    """The input whose type and shape the output has, where ONNX itself infers none."""
    elementwise: ClassVar[bool] = False
    """Each output element is made of the elements at its place in the broadcast inputs."""
    heavy: ClassVar[int | None] = None
    """The input of which `lighten` keeps less for later."""
    gates: ClassVar[dict[int, int]] = {}
    """Inputs whose values do not matter where another one, a boolean scalar, is false."""
    joins: ClassVar[str] = ""
    """The operator of the family that says whether all of its booleans are true."""
    with_addend: ClassVar[str] = ""
    """The operator that is this one and an Add of a tensor as large as the result, if there is."""
    with_relu: ClassVar[str] = ""
    """The operator that is this one and a Relu behind it, if there is one."""
    unrolls: ClassVar[bool] = False
    """Whether `unrolled` is there, since there is no `gradient`."""
    note: ClassVar[str] = ""
    """Limits, for `odl ops`."""
    ulps: ClassVar[float] = 0.0
    """Error of one output element in units in the last place, where `bound` is not overridden."""

    def types(self, op_type: str) -> tuple[DType, ...]:
        """`dtypes` of one operator of a family."""
        return self.dtypes

    def bodies(self, op_type: str) -> tuple[Kernel, ...]:
        """`kernels` of one operator of a family."""
        return self.kernels

    def check(self, node: Node) -> None:
        """Refuse what `lower` would get wrong; the common part is done by `admit`."""

    def keep_single(self, node: Node) -> str:
        """Why results stay in single precision where a model is turned to half; empty if not."""
        return ""

    def alias(self, node: Node) -> int | None:
        """The input whose bytes are the output, where nothing has to be computed."""
        return None

    def lower(self, node: Node) -> list[Call]:
        """The kernel calls that compute the node."""
        raise NotImplementedError

    def forms(self, node: Node) -> list[Callable[[], list[Call]]]:
        """The ways to compute the node, best first; the last one has bodies on every target.

        Another is taken where all of its calls have bodies for the target's ISA.
        """
        return [lambda: self.lower(node)]

    def move(self, node: Node, perm: layout.Perm) -> layout.Moved | None:
        """The node that takes its operands before a Transpose by `perm`, if there is one.

        Most operators follow one of the rules of odl/ops/layout.py.
        """
        return layout.elementwise(node, perm) if self.elementwise else None

    def channels_last(self, node: Node) -> tuple[str, dict[str, Any]] | None:
        """The operator that does the same to images [batch, h, w, channels], and its attributes.

        It takes the same operands. None where there is none.
        """
        return None

    def spelled(self, node: Node, adds: bool) -> dict[str, Any] | None:
        """All attributes of `with_relu` that do the same, or of `with_addend` if it `adds`.

        A function's body has no defaults for them. None where it cannot be, or would be slower.
        """
        return None

    def reorderable(self, node: Node) -> dict[int, tuple[int, int]]:
        """Operands whose last axis may come in another order, if another operand follows.

        Returns:
            for such an input, the input that follows and the axis of it that does.
        """
        return {}

    def trainables(self, node: Node) -> dict[int, str]:
        """Inputs that training may change, each with its role: weight, bias or norm."""
        return {}

    def linear(self, node: Node, i: int) -> Linear | None:
        """How input `i`, a constant, is the W of y = W x + b with x the first input, if it is."""
        return None

    def applied(self, node: Node) -> Applied | None:
        """How input 1 is a matrix that the first input is multiplied by, without groups, if so."""
        return None

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """The gradient of the loss with respect to each input, from `b.dy` of the outputs.

        Only those inputs matter that `b.wants`; None stands for a gradient of zero.
        """
        raise node.refuse("it has no gradient", "train only what stands behind it")

    def lighten(self, w: Weaver, node: Node) -> tuple[Term, Term]:
        """What to make of input `heavy` as soon as it is there, typed, and the output from that."""
        raise NotImplementedError

    def learns(self, op_type: str) -> bool:
        """Whether a gradient goes through this one of a family."""
        return self.unrolls or type(self).gradient is not Operator.gradient

    def unrolled(self, b: Builder, node: Node) -> Sequence[ir.Value | None]:
        """For its outputs, values of nodes that have gradients; None for one that nobody wants."""
        raise NotImplementedError

    def macs(self, node: Node) -> int:
        """Multiply-accumulates."""
        return 0

    def function(self) -> onnx.FunctionProto | None:
        """The body in standard ONNX, for operators of the `ai.odl` domain."""
        return None

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        """Largest absolute error of each output element.

        Args:
            x: the inputs that the device saw, as float64.
            y: the exact outputs for them, as float64.
            u: unit roundoff of the arithmetic.
        """
        return [self.ulps * 2 * u * np.abs(v) for v in y]

    def same(self, node: Node, x: Arrays, got: Arrays, want: Arrays) -> list[npt.NDArray[np.bool_]]:
        """Elements that are right although they differ: ties."""
        return [np.zeros(v.shape, bool) for v in got]


def admit(operator: Operator, node: Node) -> None:
    """Refuse a node whose type, attributes or dynamic inputs the operator does not handle."""
    node.admit_attributes(operator.attributes)
    types = operator.types(node.op)
    if node.has(0) and node.dtype(0) not in types:
        raise node.refuse(
            f"no kernel for {node.dtype(0)}", f"supported: {', '.join(map(str, types))}"
        )
    for i in operator.constant_inputs:
        if node.has(i):
            node.const(i, f"input {i}")
    operator.check(node)


def gamma(n: int, u: float) -> float:
    """Higham's gamma_n = n u / (1 - n u): the error growth of n roundings (2nd ed., Lemma 3.1).

    Sums in half precision are blocked, which kernels/common.h promises; then n grows with the
    blocks.
    """
    if u == F16.unit_roundoff:
        n = min(n, HALF_SUM) + n // 64 + 1
    return n * u / (1 - n * u)


def product(shape: tuple[int, ...]) -> int:
    return math.prod(shape)
