"""onnx.reference on one node: the meaning of an operator, in whatever precision it is fed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from odl import ops
from odl.ops.node import Node

Array = npt.NDArray[Any]
Arrays = list[Array]


def functions(op_types: set[str]) -> list[onnx.FunctionProto]:
    """The bodies, in standard ONNX, of those operators that the standard does not have."""
    found = (ops.registry()[name].function() for name in sorted(op_types) if name in ops.registry())
    return [f for f in found if f is not None]


@cache
def corrections() -> list[type[OpRun]]:
    """Every OpRun that a module of this package defines, in the place of onnx's own."""
    found = (item for item in ops.defined() if isinstance(item, type) and issubclass(item, OpRun))
    return [c for c in found if not c.__name__.startswith("_")]


class Evaluator(ReferenceEvaluator):
    """onnx.reference, with what is wrong in it set right, in bodies of functions too."""

    def __init__(self, proto: Any, **more: Any) -> None:
        super().__init__(proto, **{"new_ops": corrections(), **more})


def evaluator(model: onnx.ModelProto) -> ReferenceEvaluator:
    """onnx.reference, with what is wrong in it set right; ONNX Runtime is the judge of that."""
    return Evaluator(model)


def evaluate(node: Node, inputs: Arrays) -> Arrays:
    """The node's outputs for `inputs`, which stand for its connected inputs in order."""
    return meaning(node)(inputs)


def meaning(node: Node) -> Callable[[Arrays], Arrays]:
    """What the node, as it is now, makes of values for its connected inputs, in order."""
    proto = ir.serde.serialize_node(node.ir).SerializeToString()
    evaluator, names = _evaluator(proto, node.op)

    def run(inputs: Arrays) -> Arrays:
        with np.errstate(all="ignore"):
            outputs = evaluator.run(None, dict(zip(names, inputs, strict=True)))
        return [np.asarray(v) for v in outputs]

    return run


@lru_cache(maxsize=4096)
def _evaluator(proto: bytes, op: str) -> tuple[ReferenceEvaluator, list[str]]:
    node = onnx.NodeProto.FromString(proto)
    names = [n for n in node.input if n]
    graph = helper.make_graph(
        [node],
        "node",
        [onnx.ValueInfoProto(name=n) for n in dict.fromkeys(names)],
        [onnx.ValueInfoProto(name=n) for n in node.output if n],
    )
    opsets = [
        helper.make_opsetid("", onnx.defs.onnx_opset_version()),
        helper.make_opsetid("ai.odl", 1),
    ]
    model = helper.make_model(graph, opset_imports=opsets, functions=functions({op}))
    return evaluator(model), names
