"""Layers that take turns: which of them learn is drawn on the device, from its count of updates."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from odl.adapt.choose import Turns
from odl.dtype import BOOL
from odl.ops.node import SWITCH
from odl.ops.weave import Term, Weaver


def switches(turns: Sequence[Turns], w: Weaver, updates: Term) -> dict[ir.Value, Term]:
    """For each parameter that does not always learn, the boolean that says whether it does now."""
    found: dict[ir.Value, Term] = {}
    for t in turns:
        r, n = t.rotation, len(t.layers)
        draw = updates if r.period == 1 else updates / w.integer(r.period)
        drawn = w.term("ai.odl.Choose", draw, count=r.count, n=n, seed=r.seed).typed((n,), BOOL)
        for i, parameters in enumerate(t.layers):
            active = w.term("Gather", drawn, w.integer(i), axis=0).typed((), BOOL)
            active.value.name = f"{parameters[0].name}/active"
            active.value.meta[SWITCH] = True
            found |= dict.fromkeys(parameters, active)
    return found
