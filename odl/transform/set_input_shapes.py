"""Make the inputs' shapes static: from the command line, and 1 for a symbolic batch."""

from __future__ import annotations

import onnx_ir as ir

from odl.errors import ModelError, Unsupported, UsageError
from odl.ops.node import value_dtype


def set_input_shapes(
    model: ir.Model, given: dict[str, tuple[int, ...]], batch: int = 0
) -> ir.Model:
    """Fix every dimension of every input; a symbolic first dimension without a shape becomes 1.

    Args:
        batch: what it becomes, if not 0; then it must be the first dimension of every input.

    Raises:
        UsageError: `given` names no input, or contradicts the model.
        Unsupported: an input is no tensor, is an output as well, or has a shape that nobody gave.
    """
    inputs = {str(v.name): v for v in model.graph.inputs}
    for name in given:
        if name not in inputs:
            raise UsageError(
                f"the model has no input '{name}'", advice=f"inputs: {', '.join(inputs)}"
            )
    for name, value in inputs.items():
        if not isinstance(value.type, ir.TensorType):
            raise Unsupported("it is no tensor", where=f"input '{name}'")
        if name in given:
            _set(value, given[name])
        else:
            _default(value, batch)
        if batch and list(value.shape or ())[:1] != [batch]:
            raise UsageError(
                f"input '{name}' is {value.shape}, not {batch} samples",
                advice="export the model with a symbolic batch, or use --accumulate",
            )
        value_dtype(value)
    for value in model.graph.outputs:
        if value.is_graph_input():
            raise Unsupported(
                "it is an output, too",
                where=f"input '{value.name}'",
                advice="put an Identity between them",
            )
        value.shape = None  # inference will know it better than a symbolic declaration
    return model


def _set(value: ir.Value, shape: tuple[int, ...]) -> None:
    old = value.shape
    fits = old is None or (
        len(old) == len(shape)
        and all(not isinstance(o, int) or o == n for o, n in zip(old, shape, strict=True))
    )
    if not fits:
        raise UsageError(f"input '{value.name}' is {old}, which {list(shape)} does not fit")
    value.shape = ir.Shape(shape)


def _default(value: ir.Value, batch: int) -> None:
    where = f"input '{value.name}'"
    if value.shape is None:
        raise Unsupported(
            "its rank is unknown", where=where, advice="use --input-shape NAME=D,D,..."
        )
    dims = list(value.shape)
    if dims and not isinstance(dims[0], int):
        dims[0] = batch or 1
    if not all(isinstance(d, int) for d in dims):
        raise Unsupported(
            f"its shape {value.shape} is not static",
            where=where,
            advice="use --input-shape NAME=D,D,...",
        )
    if any(d < 0 for d in dims if isinstance(d, int)):
        raise ModelError("a negative dimension", where=where)
    value.shape = ir.Shape(dims)
