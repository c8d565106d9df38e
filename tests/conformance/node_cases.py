"""ONNX's own single-node cases for the operators that odl compiles."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
from onnx import TensorProto, numpy_helper, version_converter

from odl.ops import foreigners, registry

Array = npt.NDArray[Any]

TYPES = {
    TensorProto.FLOAT,
    TensorProto.INT8,
    TensorProto.UINT8,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.BOOL,
}
REFUSED = {
    "test_reshape_allowzero_reordered": "its shape [0, 3, 4] has no elements",
    **dict.fromkeys(
        [
            "test_dropout_default_mask",
            "test_dropout_default_mask_ratio",
            "test_training_dropout_default",
            "test_training_dropout_default_mask",
            "test_training_dropout",
            "test_training_dropout_mask",
            "test_training_dropout_zero_ratio",
            "test_training_dropout_zero_ratio_mask",
        ],
        "training mode; export the model for inference",
    ),
}
"""Cases that make no sense on a device, and what the compiler says to them."""


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
def node_cases() -> list[NodeCase]:
    """The cases whose operator and types are those of the device."""
    return [bind(case) for case in _all_cases() if _is_ours(case)]


def _is_ours(case: Any) -> bool:
    nodes = case.model.graph.node
    if len(nodes) != 1 or nodes[0].domain:
        return False
    operator = registry().get(nodes[0].op_type)
    values = [*case.model.graph.input, *case.model.graph.output]
    types = [v.type.tensor_type.elem_type for v in values]
    if not all(t in TYPES for t in types) or case.name in REFUSED:
        return False
    if operator is None:
        return nodes[0].op_type in foreigners()
    return types[0] in {d.onnx for d in operator.dtypes}


@cache
def refused_cases() -> list[NodeCase]:
    """The cases that the compiler refuses, and rightly so."""
    return [bind(case) for case in _all_cases() if case.name in REFUSED]


def bind(case: Any) -> NodeCase:
    """The case with the inputs that must be constants turned into initializers."""
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    graph, (inputs, outputs) = model.graph, case.data_sets[0]
    node = graph.node[0]
    fixed = {**registry(), **foreigners()}[node.op_type].constant_inputs
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
