"""Give every node and value a name of its own; the model's names stay."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import NameFixPass


def name_all(model: ir.Model) -> ir.Model:
    """Reports, C comments and the link speak in names, so none may be missing or double."""
    NameFixPass()(model)
    return model
