"""ONNX's own cases of single operators, in the types that devices have."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
from onnx import TensorProto, numpy_helper, version_converter

from odl.ops import foreigners, registry

Array = npt.NDArray[Any]

NOT_MODELS = {"ImageDecoder"}
"""Operators whose cases need more than ONNX."""

TYPES = {
    TensorProto.FLOAT,
    TensorProto.FLOAT16,
    TensorProto.INT8,
    TensorProto.UINT8,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.BOOL,
}
REFUSED_FILE = Path(__file__).parents[1] / "golden/refused_cases.txt"


def refusals() -> dict[str, str]:
    """The cases that the compiler refuses, and what it says to them."""
    lines = REFUSED_FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


@dataclass(frozen=True)
class NodeCase:
    """A model of one node, what goes in, and what ONNX says must come out."""

    name: str
    model: onnx.ModelProto
    inputs: dict[str, Array]
    outputs: dict[str, Array]


@cache
def _all_cases() -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return list(collect_testcases(None))


@cache
def every_case() -> dict[str, NodeCase]:
    """The cases of one standard operator whose types are those of devices, by name."""
    return {case.name: bind(case) for case in _all_cases() if _is_ours(case)}


def node_cases() -> list[NodeCase]:
    """Those that must pass: all that are not in the list of refusals."""
    refused = refusals()
    return [case for name, case in every_case().items() if name not in refused]


def _is_ours(case: Any) -> bool:
    nodes = case.model.graph.node
    if len(nodes) != 1 or nodes[0].domain or nodes[0].op_type in NOT_MODELS:
        return False
    values = [*case.model.graph.input, *case.model.graph.output]
    return all(v.type.tensor_type.elem_type in TYPES for v in values)


def bind(case: Any) -> NodeCase:
    """The case with the inputs that must be constants turned into initializers."""
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    graph, (inputs, outputs) = model.graph, case.data_sets[0]
    node = graph.node[0]
    known = {**registry(), **foreigners()}.get(node.op_type)
    fixed = known.constant_inputs if known is not None else ()
    names = {node.input[i] for i in fixed if i < len(node.input) and node.input[i]}
    given = dict(zip([v.name for v in graph.input], inputs, strict=True))
    arrays = {k: _array(v) for k, v in given.items()}
    for name in sorted(names):
        graph.initializer.append(numpy_helper.from_array(arrays.pop(name), name))
    kept = [v for v in graph.input if v.name not in names]
    del graph.input[:]
    graph.input.extend(kept)
    want = dict(zip([v.name for v in graph.output], map(_array, outputs), strict=True))
    return NodeCase(case.name, model, arrays, want)


def _array(value: Any) -> Array:
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def graph_of(case: NodeCase) -> ir.Model:
    """The case's model, ready for the compiler, in the canonical opset."""
    newest = onnx.defs.onnx_opset_version()
    return ir.serde.deserialize_model(version_converter.convert_version(case.model, newest))
