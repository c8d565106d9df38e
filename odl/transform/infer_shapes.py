"""Give every value a type and a static shape, by ONNX's own inference."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import ShapeInferencePass

from odl.errors import ModelError, printable


def infer_shapes(model: ir.Model) -> ir.Model:
    """Run ONNX's shape inference with propagation of shape data.

    Raises:
        ModelError: the declared and the inferred shapes or types contradict each other.
    """
    try:
        ShapeInferencePass(check_type=True, strict_mode=True, data_prop=True)(model)
    except Exception as e:
        reason = printable(str(e).strip().splitlines()[-1] if str(e).strip() else type(e).__name__)
        raise ModelError(f"shapes or types contradict each other: {reason}", where="graph") from e
    return model
