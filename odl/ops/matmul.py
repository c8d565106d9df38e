"""MatMul and Gemm: one strided kernel does every transposition and broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.ops import strides
from odl.ops.backward import Backward, Gradients
from odl.ops.linear import Applied, Linear, Product
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator, gamma, product
from odl.ops.tilings import reach, tiled
from odl.ops.weave import Term
from odl.ops.wide import FLOATS, ended, wide
from odl.program import Call, In, Out, kernel
from odl.tiling import Args, Axis, Block, Piece, Span, Tiling


def _axes(a: Args) -> list[Axis]:
    """Rows, then columns, of a single product; the products themselves, where they are several."""
    outer = [d for d, n in enumerate(a["batch"]) if n > 1]
    if outer:
        return [Axis("products", a["batch"][outer[0]])] if len(outer) == 1 else []
    axes = []
    if a["a_stride"][1] == 1 or a["a_stride"][0] == 1:
        axes.append(Axis("m", a["m"], 4))
    if a["b_stride"][1] == 1 or a["b_stride"][0] == 1:
        axes.append(Axis("n", a["n"], 8))
    return axes


def _piece(a: Args, spans: dict[str, Span]) -> Piece:
    m, k, n = a["m"], a["k"], a["n"]
    if "products" in spans:
        s, d = spans["products"], next(d for d, size in enumerate(a["batch"]) if size > 1)
        blocks = {"y": Block(s.begin * m * n, s.size * m * n)}
        for name, rows, columns in (("a", m, k), ("b", k, n)):
            step = a[f"{name}_batch"][d]
            last = reach((s.size, rows, columns), (step, *a[f"{name}_stride"]))
            blocks[name] = Block(s.begin * step, last + 1)
        if a["addend"] is not None:
            blocks["addend"] = blocks["y"]
        batch = (*a["batch"][:d], s.size, *a["batch"][d + 1 :])
        return Piece({"batch": batch}, blocks)
    i, j = spans.get("m", Span(0, m)), spans.get("n", Span(0, n))
    changed: dict[str, Any] = {"m": i.size, "n": j.size}
    blocks = {"y": Block(i.begin * n + j.begin, j.size, i.size, n)}
    if "m" in spans and i.size < m:
        blocks["a"], changed["a_stride"] = _part(a["a_stride"], i, k)
    if "n" in spans and j.size < n:
        blocks["b"], (columns, rows) = _part((a["b_stride"][1], a["b_stride"][0]), j, k)
        changed["b_stride"] = (rows, columns)
    if a["bias"] is not None:
        down, across = a["bias_stride"]
        last = (i.size - 1) * down + (j.size - 1) * across
        blocks["bias"] = Block(i.begin * down + j.begin * across, last + 1)
    if a["addend"] is not None:
        blocks["addend"] = blocks["y"]
    return Piece(changed, blocks)


def _part(stride: tuple[int, ...], s: Span, k: int) -> tuple[Block, tuple[int, int]]:
    """Units `s` of an operand with these (unit, k) strides, and its strides in the tile."""
    if stride[1] == 1:
        return Block(s.begin * stride[0], k, s.size, stride[0]), (k, 1)
    return Block(s.begin, s.size, k, stride[1]), (1, s.size)


@tiled(Tiling(_axes, _piece))
@kernel
def matmul(
    a: In,
    b: In,
    bias: In | None,
    addend: In | None,
    y: Out,
    m: int,
    k: int,
    n: int,
    a_stride: tuple[int, ...],
    b_stride: tuple[int, ...],
    bias_stride: tuple[int, ...],
    alpha: float,
    beta: float,
    batch: tuple[int, ...],
    a_batch: tuple[int, ...],
    b_batch: tuple[int, ...],
    relu: int,
) -> None:
    """y[t, i, j] = alpha * sum_k a[t, i, k] * b[t, k, j] + beta * bias[i, j], y dense.

    An addend stands as y does; relu makes 0 of what is negative. `*_stride` are (row, column)
    strides in elements, `*_batch` those of the batch dimensions t.
    """
    i, j, p = np.arange(m), np.arange(n), np.arange(k)
    index = np.indices(batch).reshape(len(batch), -1)
    a_from = np.tensordot(a_batch, index, 1)
    b_from = np.tensordot(b_batch, index, 1)
    out = y[: index.shape[1] * m * n].reshape(-1, m, n)
    for t in range(index.shape[1]):
        left = wide(a[a_from[t] + i[:, None] * a_stride[0] + p * a_stride[1]])
        right = wide(b[b_from[t] + p[:, None] * b_stride[0] + j * b_stride[1]])
        total = np.float32(alpha) * (left @ right)
        if bias is not None:
            added = wide(bias[i[:, None] * bias_stride[0] + j * bias_stride[1]])
            total = total + np.float32(beta) * added
        more = None if addend is None else addend[t * m * n : (t + 1) * m * n]
        out[t] = ended(total, more, relu)


def matmul_args(m: int, k: int, n: int, **given: Any) -> dict[str, Any]:
    """Arguments of one plain product of dense matrices, with what is `given` put over them."""
    none = strides.fill((), 0)
    args = {
        "a": None,
        "b": None,
        "bias": None,
        "addend": None,
        "y": None,
        "m": m,
        "k": k,
        "n": n,
        "a_stride": (k, 1),
        "b_stride": (n, 1),
        "bias_stride": (0, 0),
        "alpha": 1.0,
        "beta": 1.0,
        "batch": strides.fill((), 1),
        "a_batch": none,
        "b_batch": none,
        "relu": 0,
    }
    return {**args, **given}


def _matrix(shape: tuple[int, ...], left: bool) -> tuple[int, ...]:
    """MatMul's promotion of a vector to a matrix."""
    if len(shape) != 1:
        return shape
    return (1, *shape) if left else (*shape, 1)


def _swapped(rank: int) -> list[int]:
    """The permutation that exchanges the last two axes."""
    return [*range(rank - 2), rank - 1, rank - 2]


class MatMul(Operator):
    op_types = ("MatMul",)
    kernels = (matmul,)
    dtypes = FLOATS
    with_addend, with_relu = "ai.odl.MatMulAdd", "ai.odl.MatMulRelu"

    def reorderable(self, node: Node) -> dict[int, tuple[int, int]]:
        rank = len(node.shape(1))
        return {0: (1, rank - 2)} if rank > 1 else {}

    def spelled(self, node: Node, adds: bool) -> dict[str, Any] | None:
        return {}

    def _shapes(self, node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return _matrix(node.shape(0), True), _matrix(node.shape(1), False)

    def lower(self, node: Node) -> list[Call]:
        a, b = self._shapes(node)
        m, k, n = a[-2], a[-1], b[-1]
        batch = np.broadcast_shapes(a[:-2], b[:-2])
        walk = [
            tuple(s * size for s in strides.broadcast(shape[:-2], batch))
            for shape, size in ((a, m * k), (b, k * n))
        ]
        dims, (a_batch, b_batch) = strides.merge(batch, *walk)
        if len(dims) > strides.RANK:
            raise node.refuse(f"{len(dims)} batch dimensions", f"at most {strides.RANK}")
        args = matmul_args(
            m,
            k,
            n,
            a=node.input(0),
            b=node.input(1),
            y=node.output(),
            batch=strides.fill(dims, 1),
            a_batch=strides.fill(a_batch, 0),
            b_batch=strides.fill(b_batch, 0),
        )
        return [Call(matmul, str(node.dtype()), args)]

    def trainables(self, node: Node) -> dict[int, str]:
        return {0: "weight", 1: "weight"}

    def linear(self, node: Node, i: int) -> Linear | None:
        if i != 1 or len(node.shape(1)) != 2:
            return None
        columns, outputs = node.shape(1)
        return Product(1, outputs, columns)

    def applied(self, node: Node) -> Applied | None:
        if len(node.shape(1)) != 2 or len(node.shape(0)) < 2:
            return None
        rows, columns = node.shape(1)
        return Applied(rows, columns, turned=False)

    def gradient(self, b: Backward, node: Node) -> Gradients:
        """da = dy b^T, db = a^T dy; what was broadcast is summed."""
        left, right = self._shapes(node)
        batch = np.broadcast_shapes(left[:-2], right[:-2])
        g, whole_shape = b.dy(), (*batch, left[-2], right[-1])
        if g.shape != whole_shape:
            g = g.reshape(whole_shape)
        found: list[Term | None] = [None, None]
        for i, small in ((1, right), (0, left)):
            if b.wants(i):
                other = b.x(1 - i)
                if len(other.shape) == 1:
                    other = other.reshape((left, right)[1 - i])
                swap = other.transpose(_swapped(len((left, right)[1 - i])))
                product = b.term("MatMul", *((swap, g) if i else (g, swap)))
                whole = b.unbroadcast(product, i, (*batch, *small[-2:]), small)
                found[i] = whole if small == node.shape(i) else whole.reshape(node.shape(i))
        return found

    def macs(self, node: Node) -> int:
        return node.size() * self._shapes(node)[0][-1]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        k = self._shapes(node)[0][-1]
        size = np.matmul(np.abs(x[0]), np.abs(x[1]))
        for added in x[2:]:
            size = size + np.abs(added)
        return [gamma(k + len(x) - 2, u) * size]


class Gemm(Operator):
    op_types = ("Gemm",)
    kernels = (matmul,)
    dtypes = FLOATS
    attributes = ("alpha", "beta", "transA", "transB")
    with_addend, with_relu = "ai.odl.GemmAdd", "ai.odl.GemmRelu"

    def reorderable(self, node: Node) -> dict[int, tuple[int, int]]:
        return {} if node.attr("transA", 0) else {0: (1, 1 if node.attr("transB", 0) else 0)}

    def spelled(self, node: Node, adds: bool) -> dict[str, Any] | None:
        if (node.attr("alpha", 1.0), node.attr("beta", 1.0)) != (1, 1):
            return None
        return {name: node.attr(name, 0) for name in ("transA", "transB")}

    def _sizes(self, node: Node) -> tuple[int, int, int]:
        (m, n), a = node.out_shape(), node.shape(0)
        return m, a[0] if node.attr("transA", 0) else a[1], n

    def lower(self, node: Node) -> list[Call]:
        m, k, n = self._sizes(node)
        bias = strides.broadcast(node.shape(2), (m, n)) if node.has(2) else (0, 0)
        args = matmul_args(
            m,
            k,
            n,
            a=node.input(0),
            b=node.input(1),
            bias=node.optional(2),
            y=node.output(),
            a_stride=(1, m) if node.attr("transA", 0) else (k, 1),
            b_stride=(1, k) if node.attr("transB", 0) else (n, 1),
            bias_stride=bias,
            alpha=node.attr("alpha", 1.0),
            beta=node.attr("beta", 1.0),
        )
        return [Call(matmul, str(node.dtype()), args)]

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "weight", 2: "bias"}

    def linear(self, node: Node, i: int) -> Linear | None:
        factors = node.attr("alpha", 1.0), node.attr("beta", 1.0)
        if i != 1 or node.attr("transA", 0) or factors != (1, 1):
            return None
        by_rows = bool(node.attr("transB", 0))
        outputs, columns = node.shape(1) if by_rows else node.shape(1)[::-1]
        bias = 2 if node.has(2) else None
        return Product(1, outputs, columns, bias=bias, op="Gemm", by_rows=by_rows)

    def applied(self, node: Node) -> Applied | None:
        factors = node.attr("alpha", 1.0), node.attr("beta", 1.0)
        if node.attr("transA", 0) or factors != (1, 1):
            return None
        rows, columns = node.shape(1)
        return Applied(rows, columns, turned=bool(node.attr("transB", 0)))

    def gradient(self, b: Backward, node: Node) -> Gradients:
        g = b.dy()
        turn_a, turn_b = node.attr("transA", 0), node.attr("transB", 0)
        alpha, beta = node.attr("alpha", 1.0), node.attr("beta", 1.0)

        def product(left: Term, right: Term, turn_left: int, turn_right: int) -> Term:
            return b.term("Gemm", left, right, alpha=alpha, transA=turn_left, transB=turn_right)

        da = db = dc = None
        if b.wants(1):
            db = product(g, b.x(0), 1, turn_a) if turn_b else product(b.x(0), g, 1 - turn_a, 0)
        if b.wants(2):
            whole = b.unbroadcast(g, 2)
            dc = whole if beta == 1 else whole * beta
        if b.wants(0):
            da = product(b.x(1), g, turn_b, 1) if turn_a else product(g, b.x(1), 0, 1 - turn_b)
        return [da, db, dc]

    def macs(self, node: Node) -> int:
        return product(self._sizes(node))

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        a: npt.NDArray[Any] = x[0].T if node.attr("transA", 0) else x[0]
        b: npt.NDArray[Any] = x[1].T if node.attr("transB", 0) else x[1]
        size = abs(node.attr("alpha", 1.0)) * (np.abs(a) @ np.abs(b))
        for added in x[2:]:
            size = size + abs(node.attr("beta", 1.0)) * np.abs(added)
        return [gamma(a.shape[1] + 1 + len(x), u) * size]
