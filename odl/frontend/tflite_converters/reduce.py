"""Reductions over axes, and the index of the largest or smallest element."""

from __future__ import annotations

import onnx_ir as ir

from odl.frontend.tflite_converters.converter import Converter, converter
from odl.frontend.tflite_node import TfliteNode


def _reduction(name: str, op: str) -> Converter:
    @converter(name, "ReducerOptions")
    def convert(node: TfliteNode) -> ir.Value:
        rank = len(node.shape())
        axes = sorted({node.axis(a, rank) for a in node.ints(1, "the axes")})
        keep = int(node.option("KeepDims"))
        return node(op, node.x(), node.list("axes", axes), keepdims=keep, noop_with_empty_axes=1)

    return convert


REDUCTIONS = (
    _reduction("MEAN", "ReduceMean"),
    _reduction("REDUCE_MAX", "ReduceMax"),
    _reduction("REDUCE_MIN", "ReduceMin"),
    _reduction("REDUCE_PROD", "ReduceProd"),
    _reduction("SUM", "ReduceSum"),
)


def _index(name: str, op: str, options: str) -> Converter:
    @converter(name, options)
    def convert(node: TfliteNode) -> ir.Value:
        (axis,) = node.ints(1, "the axis")
        y = node(op, node.x(), axis=node.axis(axis, len(node.shape())), keepdims=0)
        return node("Cast", y, to=int(node.out.dtype))

    return convert


INDICES = (
    _index("ARG_MAX", "ArgMax", "ArgMaxOptions"),
    _index("ARG_MIN", "ArgMin", "ArgMinOptions"),
)
