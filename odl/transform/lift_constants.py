"""Constant nodes become initializers, functions are inlined, initializers stop being inputs."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import (
    InlinePass,
    LiftConstantsToInitializersPass,
    RemoveInitializersFromInputsPass,
)


def lift_constants(model: ir.Model) -> ir.Model:
    """One flat graph whose constants all stand in one place."""
    if model.functions:
        InlinePass()(model)
    RemoveInitializersFromInputsPass()(model)
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    return model
