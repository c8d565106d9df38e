"""Let a product add a tensor to its sums, in the place of an Add behind it."""

from __future__ import annotations

import onnx_ir as ir

from odl.transform.fused import fused
from odl.transform.quantisers import Editor, alone, is_a


def fuse_addends(model: ir.Model) -> ir.Model:
    """An Add of two tensors of one shape goes into the product that makes the later of them.

    The other one must be there by then; where it is not read again, the result takes its place.
    """
    edit, order = Editor(model.graph), {node: i for i, node in enumerate(model.graph)}
    for node in list(model.graph):
        if is_a(node, "Add"):
            _fuse(edit, node, order)
    model.opset_imports.setdefault("ai.odl", 1)
    return model


def _fuse(edit: Editor, add: ir.Node, order: dict[ir.Node, int]) -> None:
    a, b = add.inputs
    assert a is not None
    assert b is not None
    if a.shape != b.shape:
        return
    sums, addend = (a, b) if _place(a, order) > _place(b, order) else (b, a)
    product = sums.producer()
    if product is None or not alone(sums):
        return
    made = fused(edit, product, addend)
    if made is not None:
        order[made] = order[product]
        edit.stand_in(add.outputs[0], made.outputs[0])
        edit.graph.remove(product, safe=True)


def _place(value: ir.Value, order: dict[ir.Node, int]) -> int:
    node = value.producer()
    return -1 if node is None else order[node]
