"""Give every value a type and a static shape, by ONNX's own inference."""

from __future__ import annotations

import onnx
import onnx_ir as ir
from onnx_ir.passes.common._c_api_utils import call_onnx_api

from odl.errors import ModelError, printable
from odl.ops import registry
from odl.ops.node import Node


def infer_shapes(model: ir.Model) -> ir.Model:
    """Run ONNX's shape inference with propagation of shape data, and fill what it leaves open.

    `onnx_ir`'s own pass logs a failure with its traceback and goes on; a user needs the reason.

    Raises:
        ModelError: the declared and the inferred shapes or types contradict each other, or a
            size is negative.
    """
    for _ in range(len(model.graph) + 1):
        _run(model)
        if not _fill(model):
            break
    return model


def _fill(model: ir.Model) -> bool:
    """Give the shapes that ONNX does not infer; whether there was one."""
    filled = False
    for node in model.graph:
        operator = registry().get(node.op_type) if not node.domain else None
        out = node.outputs[0] if node.outputs else None
        if operator is not None and operator.shape_like is not None and out is not None:
            source = node.inputs[operator.shape_like]
            if out.shape is None and source is not None and source.shape is not None:
                out.shape, out.type = source.shape, source.type
                filled = True
    return filled


def _run(model: ir.Model) -> None:
    try:
        inferred = call_onnx_api(_infer, model)
    except MemoryError:
        raise
    except Exception as e:
        reason = printable(str(e).strip().splitlines()[-1] if str(e).strip() else type(e).__name__)
        raise ModelError(f"shapes or types contradict each other: {reason}", where="graph") from e
    for graph, other in zip(
        model.graphs(), ir.serde.deserialize_model(inferred).graphs(), strict=True
    ):
        _merge(graph, other)
    for node in model.graph:
        _check_sizes(node)


def _check_sizes(node: ir.Node) -> None:
    """ONNX's inference subtracts, say, a window that is too large, and leaves it at that."""
    for value in node.outputs:
        dims = list(value.shape or ())
        if any(isinstance(d, int) and d < 0 for d in dims):
            view = Node(node)
            raise ModelError(
                f"its output would have the shape {dims}", where=f"{view.op} node '{view.name}'"
            )


def _infer(proto: onnx.ModelProto) -> onnx.ModelProto:
    return onnx.shape_inference.infer_shapes(
        proto, check_type=True, strict_mode=True, data_prop=True
    )


def _merge(graph: ir.Graph, inferred: ir.Graph) -> None:
    found = ir.convenience.create_value_mapping(inferred)
    for name, value in ir.convenience.create_value_mapping(graph).items():
        known = found.get(name)
        if known is not None:
            value.shape = known.shape if known.shape is not None else value.shape
            if known.dtype is not None and known.dtype != value.dtype:
                value.dtype = known.dtype
