"""Let a product make 0 of sums below 0, in the place of a Relu behind it."""

from __future__ import annotations

import onnx_ir as ir

from odl.transform.fused import fused
from odl.transform.quantisers import Editor, alone, is_a


def fuse_relus(model: ir.Model) -> ir.Model:
    """A Relu that alone reads what a product makes goes into it."""
    edit = Editor(model.graph)
    for node in list(model.graph):
        sums = node.inputs[0] if is_a(node, "Relu") else None
        product = sums.producer() if sums is not None else None
        if product is None or not alone(sums):
            continue
        made = fused(edit, product)
        if made is not None:
            edit.stand_in(node.outputs[0], made.outputs[0])
            edit.graph.remove(product, safe=True)
    return model
