"""Nodes that compute y = W x + b as adapters see them: W as matrices, and more maps like it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.ops.weave import Term, Weaver

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Linear:
    """A weight that is a matrix [outputs, columns] for each of some groups.

    A column is a tap of a channel: columns = channels * taps. This class stands for weights that
    are stored just so; subclasses say how else, and write maps for the same input and output.
    """

    groups: int
    outputs: int
    """Of one group."""
    channels: int
    """Of the input, of one group."""
    taps: tuple[int, ...] = ()
    bias: int | None = None
    """The input of the node that is added, if it has one."""

    @property
    def columns(self) -> int:
        return self.channels * int(np.prod(self.taps, dtype=int))

    def matrix(self, array: Array) -> Array:
        """[groups, rows, columns], from the weight or any factor as they are stored."""
        return array

    def array(self, matrix: Array, taps: bool = True) -> Array:
        """The inverse of `matrix`; with `taps` the columns are those of the input."""
        return matrix

    def vector(self, matrix: Array) -> Array:
        """[groups, outputs, 1] as it is stored."""
        return matrix[..., 0]


class Woven(Linear):
    """Weights of a node for which maps with the same input and output can be written."""

    def product(
        self, w: Weaver, x: Term, weights: Term, plus: Term | None = None, taps: bool = True
    ) -> Term:
        """weights x + plus; without `taps` x has a value for each of its columns."""
        raise NotImplementedError

    def coded(
        self,
        w: Weaver,
        x: Term,
        codes: Term,
        steps: Term,
        like: Term,
        plus: Term | None = None,
    ) -> Term:
        """The product with weights that are integers times a step for each output, plus a bias.

        Args:
            like: a product of this kind.
        """
        raise NotImplementedError

    def scaled(self, w: Weaver, u: Term, scale: Term, plus: Term | None, like: Term) -> Term:
        """scale u + plus, by output; `like` has the shape and type of the result."""
        raise NotImplementedError

    def pick(self, w: Weaver, x: Term, chosen: Array) -> Term:
        """The channels [groups, k] of each group."""
        raise NotImplementedError

    def sum_blocks(self, w: Weaver, x: Term, size: int) -> Term:
        """`size` channels of each group: the sums over all blocks of so many, zeros behind them."""
        raise NotImplementedError

    def as_stored(self, rows: Term) -> Term:
        """A matrix of rows [outputs, columns] as the node takes it."""
        return rows

    def seen(self, x: Array) -> Array:
        """[groups, columns, positions]: what W is multiplied with."""
        raise NotImplementedError

    def by_position(self, t: Term) -> tuple[Term, int] | None:
        """The node's input or output as a matrix, and the axis along which positions stand.

        None where a position is more than one column of it.
        """
        return None

    def slope(self, w: Weaver, x: Term, dy: Term) -> Term:
        """The gradient of W from the two as such matrices, as the node takes W."""
        raise NotImplementedError

    def _absolute(self, chosen: Array) -> Array:
        """Channels counted over all groups."""
        starts = np.arange(self.groups)[:, None] * self.channels
        return np.asarray(chosen + starts, np.int64).ravel()


@dataclass(frozen=True)
class Applied:
    """How a node multiplies its first input by input 1, seen as a matrix: its first axis by the
    others."""

    rows: int
    columns: int
    turned: bool
    """Of two such nodes, one behind the other, whether the matrix of both is the later one's times
    the earlier one's; otherwise it is the other way round."""
    window: tuple[Any, ...] = ()
    """What makes an element of the result meet others of the first input than those at its own
    position: equal where the same ones meet. It belongs to the columns. Empty: nothing does."""
    bias: int = 2
    """The input that is added, where there is one."""


@dataclass(frozen=True)
class Product(Woven):
    """Rows of x by columns of a matrix: Gemm without transA, or MatMul."""

    op: str = "MatMul"
    by_rows: bool = False
    """Whether W is stored as it is used, and not turned."""

    def matrix(self, array: Array) -> Array:
        return (array if self.by_rows else array.T)[None]

    def array(self, matrix: Array, taps: bool = True) -> Array:
        return np.ascontiguousarray(matrix[0] if self.by_rows else matrix[0].T)

    def vector(self, matrix: Array) -> Array:
        return matrix.ravel()

    def product(
        self, w: Weaver, x: Term, weights: Term, plus: Term | None = None, taps: bool = True
    ) -> Term:
        if self.op == "Gemm":
            added = [] if plus is None else [plus]
            return w.term("Gemm", x, weights, *added, transB=int(self.by_rows))
        made = w.term(self.op, x, weights)
        return made if plus is None else made + plus

    def coded(
        self,
        w: Weaver,
        x: Term,
        codes: Term,
        steps: Term,
        like: Term,
        plus: Term | None = None,
    ) -> Term:
        zero = w.array(np.zeros(steps.shape, codes.dtype.numpy))
        if self.op != "Gemm":
            more = {"axis": 1, "block_size": 0}
            made = w.term("ai.odl.WMatMul", x, codes, steps, zero, like=like, **more)
            return made if plus is None else made + plus
        inside = plus is not None and plus.shape == (self.outputs,)
        added = plus if plus is not None and inside else w.array(np.zeros(self.outputs, np.float32))
        turned = int(self.by_rows)
        more = {"axis": 1 - turned, "block_size": 0, "transA": 0, "transB": turned}
        made = w.term("ai.odl.WGemm", x, codes, steps, zero, added, like=like, **more)
        return made if plus is None or inside else made + plus

    def scaled(self, w: Weaver, u: Term, scale: Term, plus: Term | None, like: Term) -> Term:
        made = u * scale
        return made if plus is None else made + plus

    def pick(self, w: Weaver, x: Term, chosen: Array) -> Term:
        return w.term("Gather", x, w.array(self._absolute(chosen)), axis=len(x.shape) - 1)

    def sum_blocks(self, w: Weaver, x: Term, size: int) -> Term:
        outer, blocks = x.shape[:-1], -(-self.channels // size)
        x = _lengthened(w, x, len(outer), len(x.shape), blocks * size - self.channels)
        return x.reshape([*outer, blocks, size]).sum([len(outer)])

    def as_stored(self, rows: Term) -> Term:
        return rows if self.by_rows else rows.transpose([1, 0])

    def seen(self, x: Array) -> Array:
        return np.asarray(x.reshape(-1, x.shape[-1]).T[None])

    def by_position(self, t: Term) -> tuple[Term, int]:
        return _as_matrix(t, prod(t.shape[:-1]), t.shape[-1]), 0

    def slope(self, w: Weaver, x: Term, dy: Term) -> Term:
        pair = (dy, x) if self.by_rows else (x, dy)
        return w.term("Gemm", *pair, transA=1)


@dataclass(frozen=True)
class Convolution(Woven):
    """Conv: columns are the taps of a window, channel by channel; positions are outputs."""

    pads: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    dilations: tuple[int, ...] = field(default=())

    def matrix(self, array: Array) -> Array:
        return array.reshape(self.groups, len(array) // self.groups, -1)

    def array(self, matrix: Array, taps: bool = True) -> Array:
        window = self.taps if taps else (1,) * len(self.taps)
        return matrix.reshape(matrix.shape[0] * matrix.shape[1], -1, *window)

    def vector(self, matrix: Array) -> Array:
        return matrix.ravel()

    def product(
        self, w: Weaver, x: Term, weights: Term, plus: Term | None = None, taps: bool = True
    ) -> Term:
        made = w.term("Conv", x, weights, **(self._geometry() if taps else self._pointwise()))
        return made if plus is None else made + plus

    def _geometry(self) -> dict[str, Any]:
        return {
            "kernel_shape": self.taps,
            "pads": self.pads,
            "strides": self.strides,
            "dilations": self.dilations,
            "group": self.groups,
        }

    def _pointwise(self) -> dict[str, Any]:
        return {"kernel_shape": (1,) * len(self.taps), "group": self.groups}

    def coded(
        self,
        w: Weaver,
        x: Term,
        codes: Term,
        steps: Term,
        like: Term,
        plus: Term | None = None,
    ) -> Term:
        zero = w.array(np.zeros(steps.shape, codes.dtype.numpy))
        none = np.zeros(self.groups * self.outputs, np.float32)
        added = w.array(none) if plus is None else plus
        more = self._geometry()
        return w.term("ai.odl.WConv", x, codes, steps, zero, added, like=like, axis=0, **more)

    def scaled(self, w: Weaver, u: Term, scale: Term, plus: Term | None, like: Term) -> Term:
        none = w.array(np.zeros(self.groups * self.outputs, np.float32))
        return w.term("ai.odl.ScaleShift", u, scale, none if plus is None else plus, like=like)

    def pick(self, w: Weaver, x: Term, chosen: Array) -> Term:
        return w.term("Gather", x, w.array(self._absolute(chosen)), axis=1)

    def sum_blocks(self, w: Weaver, x: Term, size: int) -> Term:
        (batch, _, *plane), blocks = x.shape, -(-self.channels // size)
        x = x.reshape([batch, self.groups, self.channels, *plane])
        x = _lengthened(w, x, 2, 3 + len(plane), blocks * size - self.channels)
        total = x.reshape([batch, self.groups, blocks, size, *plane]).sum([2])
        return total.reshape([batch, self.groups * size, *plane])

    def seen(self, x: Array) -> Array:
        rank = len(self.taps)
        room = list(zip(self.pads[:rank], self.pads[rank:], strict=True))
        padded = np.pad(x, ((0, 0), (0, 0), *room))
        reach = [(k - 1) * d + 1 for k, d in zip(self.taps, self.dilations, strict=True)]
        axes = tuple(range(2, 2 + rank))
        windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axes)
        steps = tuple(slice(None, None, s) for s in self.strides)
        inner = tuple(slice(None, None, d) for d in self.dilations)
        every: list[Any] = [slice(None)] * 2
        taken = windows[tuple(every + list(steps) + list(inner))]
        order = (1, *range(2 + rank, 2 + 2 * rank), 0, *axes)
        return np.asarray(taken.transpose(order).reshape(self.groups, self.columns, -1))

    def by_position(self, t: Term) -> tuple[Term, int] | None:
        plain = {*self.taps, *self.strides, self.groups, t.shape[0]} == {1} and not any(self.pads)
        return (_as_matrix(t, t.shape[1], prod(t.shape[2:])), 1) if plain else None

    def slope(self, w: Weaver, x: Term, dy: Term) -> Term:
        made = w.term("Gemm", dy, x, transB=1)
        return made.reshape([self.outputs, self.channels, *self.taps])


def _as_matrix(t: Term, rows: int, columns: int) -> Term:
    if t.shape == (rows, columns):
        return t
    made = t.reshape([rows, columns])
    made.value.shape = ir.Shape((rows, columns))
    return made


def _lengthened(w: Weaver, x: Term, axis: int, rank: int, more: int) -> Term:
    """`x` with so many zeros behind the end of an axis."""
    if more == 0:
        return x
    ends = [0] * (2 * rank)
    ends[rank + axis] = more
    return w.term("Pad", x, w.ints(ends))
