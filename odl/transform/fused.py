"""The node that does what a product and what follows it do."""

from __future__ import annotations

import onnx_ir as ir

from odl.ops import registry
from odl.ops.node import Node
from odl.transform.quantisers import Editor


def fused(edit: Editor, product: ir.Node, addend: ir.Value | None = None) -> ir.Node | None:
    """A product with an addend, or with Relu, in front of the one without; None if there is none.

    Its output has no type yet.
    """
    view = Node(product)
    operator = registry().get(view.op)
    if operator is None:
        return None
    op = operator.with_relu if addend is None else operator.with_addend
    attributes = operator.spelled(view, addend is not None) if op else None
    function = registry()[op].function() if attributes is not None else None
    if function is None:
        return None
    more = [] if addend is None else [addend]
    absent = len(function.input) - len(more) - len(product.inputs)
    inputs = [*product.inputs, *[None] * absent, *more]
    made = edit.before(product, op, inputs, f"{view.name}/fused", attributes)
    made.name = product.name
    return made
