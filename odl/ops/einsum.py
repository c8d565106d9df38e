"""Einsum: diagonals, sums, and a product of matrices for every pair of operands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from odl.ops.foreign import Builder, foreign
from odl.ops.node import Node
from odl.ops.operator import product


@dataclass(frozen=True)
class Term:
    """A value whose dimensions have labels; those of the ellipsis are digits."""

    value: ir.Value
    labels: str
    sizes: dict[str, int]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.sizes[c] for c in self.labels)


@foreign("Einsum", ("equation",))
def einsum(b: Builder, node: Node) -> Sequence[ir.Value]:
    """Operands are multiplied from left to right; what nobody needs any more is summed at once."""
    sources, target = _parse(node)
    terms = [
        _diagonal(b, Term(v, labels, _sizes(node, labels, node.shape(i))))
        for i, (v, labels) in enumerate(zip(node.values, sources, strict=True))
    ]
    _check_sizes(node, terms)
    total = terms[0]
    for i, term in enumerate(terms[1:], 1):
        later = set(target).union(*(t.labels for t in terms[i + 1 :]))
        left = _summed(b, total, later | set(term.labels))
        total = _product(b, left, _summed(b, term, later | set(total.labels)), later)
    total = _summed(b, total, set(target))
    if any(c not in total.labels for c in target):
        raise node.refuse(f"equation '{node.attr('equation', '')}'", "labels that an operand has")
    return [_ordered(b, total, target).value]


def _parse(node: Node) -> tuple[list[str], str]:
    """The labels of each operand and of the output; `...` becomes digits, counted from behind."""
    equation = "".join(node.attr("equation", "").split())
    left, arrow, target = equation.partition("->")
    sources = left.split(",")
    if len(sources) != len(node.values):
        raise node.refuse(f"equation '{equation}' for {len(node.values)} operands")
    spans = []
    for i, source in enumerate(sources):
        span = len(node.shape(i)) - len(source.replace("...", ""))
        if span < 0 or span > 9 or (span and "..." not in source):
            raise node.refuse(
                f"equation '{equation}' for operand {i}", "a label for each dimension"
            )
        spans.append(span)
    digits = "987654321"
    spread = [s.replace("...", digits[9 - span :]) for s, span in zip(sources, spans, strict=True)]
    widest = digits[9 - max(spans) :]
    if not arrow:
        counts = Counter(c for c in left if c.isalpha())
        return spread, widest + "".join(sorted(c for c, n in counts.items() if n == 1))
    if max(spans) and "..." not in target:
        raise node.refuse(f"equation '{equation}'", "keep '...' in the output")
    return spread, target.replace("...", widest)


def _sizes(node: Node, labels: str, shape: Sequence[int]) -> dict[str, int]:
    """Of the labels of one operand."""
    pairs = sorted(set(zip(labels, shape, strict=True)))
    if len(pairs) > len(set(labels)):
        raise node.refuse(f"a diagonal of the shape {list(shape)}, labels '{labels}'")
    return dict(pairs)


def _check_sizes(node: Node, terms: Sequence[Term]) -> None:
    """A label has one size in all operands; only dimensions of the ellipsis are broadcast."""
    sizes: dict[str, int] = {}
    for term in terms:
        for c, n in term.sizes.items():
            known = sizes.setdefault(c, n)
            sizes[c] = max(known, n) if c.isdigit() and 1 in (known, n) else known
            if sizes[c] != n and not (c.isdigit() and n == 1):
                raise node.refuse(f"dimensions of {known} and {n} with one label")


def _ints(b: Builder, name: str, values: Sequence[int]) -> ir.Value:
    return b.constant(name, np.array(values, np.int64))


def _ordered(b: Builder, term: Term, labels: str) -> Term:
    """The term with its dimensions in this order."""
    if term.labels == labels:
        return term
    perm = [term.labels.index(c) for c in labels]
    return Term(b("Transpose", term.value, perm=perm), labels, term.sizes)


def _shaped(b: Builder, value: ir.Value, shape: Sequence[int]) -> ir.Value:
    return b("Reshape", value, _ints(b, "shape", shape))


def _diagonal(b: Builder, term: Term) -> Term:
    """Labels that occur twice are walked together: a square matrix is a row, a step of n + 1."""
    value, labels = term.value, term.labels
    while repeated := [c for c in labels if labels.count(c) > 1]:
        c, n = repeated[0], term.sizes[repeated[0]]
        pair = [i for i, other in enumerate(labels) if other == c][:2]
        rest = [i for i in range(len(labels)) if i not in pair]
        kept = "".join(labels[i] for i in rest)
        value = b("Transpose", value, perm=[*rest, *pair])
        value = _shaped(b, value, [*(term.sizes[k] for k in kept), n * n])
        spans = (("begin", 0), ("end", n * n), ("axis", -1), ("step", n + 1))
        value = b("Slice", value, *(_ints(b, name, [v]) for name, v in spans))
        labels = kept + c
    return Term(value, labels, term.sizes)


def _summed(b: Builder, term: Term, needed: set[str]) -> Term:
    """The term without the labels that nobody needs."""
    gone = [i for i, c in enumerate(term.labels) if c not in needed]
    if not gone:
        return term
    kept = "".join(c for c in term.labels if c in needed)
    value = b("ReduceSum", term.value, _ints(b, "axes", gone), keepdims=0)
    return Term(value, kept, term.sizes)


def _product(b: Builder, left: Term, right: Term, later: set[str]) -> Term:
    """One MatMul over what both have and nobody needs, or a Mul where there is nothing of that."""
    shared = [c for c in left.labels if c in right.labels]
    inner = "".join(c for c in shared if c not in later)
    batch = "".join(
        sorted(
            {*shared, *(c for c in left.labels + right.labels if c.isdigit())} - {*inner},
            reverse=True,
        )
    )
    rows = "".join(c for c in left.labels if c not in batch + inner)
    columns = "".join(c for c in right.labels if c not in batch + inner)
    sizes = {**right.sizes, **left.sizes}
    sizes |= {c: max(t.sizes.get(c, 1) for t in (left, right)) for c in batch}

    def batched(term: Term) -> tuple[int, ...]:
        return tuple(term.sizes[c] if c in term.labels else 1 for c in batch)

    def matrix(term: Term, *parts: str) -> ir.Value:
        order = "".join(c for c in batch if c in term.labels) + "".join(parts)
        ends = (product(tuple(sizes[c] for c in part)) for part in parts)
        return _shaped(b, _ordered(b, term, order).value, [*batched(term), *ends])

    if inner:
        value = b("MatMul", matrix(left, rows, inner), matrix(right, inner, columns))
    else:
        value = b("Mul", matrix(left, rows, ""), matrix(right, "", columns))
    labels = batch + rows + columns
    return Term(_shaped(b, value, [sizes[c] for c in labels]), labels, sizes)
