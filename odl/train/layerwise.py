"""Updates as soon as a gradient is there, which then needs no memory any more.

As in LOMO (arXiv:2306.09782). Each weight has a gate of its own: a step that overflows in one layer
leaves that layer as it is, but not those that were updated before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from odl.ops import registry
from odl.ops.node import Node
from odl.ops.weave import Term, Weaver
from odl.spec import Spec
from odl.train.guard import both, count, follow, is_finite, squares, sum_of_squares
from odl.train.loss_scale import LossScale
from odl.train.optimizers import OPTIMIZERS, Update, learning_rate
from odl.train.state import States


def update_by_layer(
    w: Weaver,
    graph: ir.Graph,
    spec: Spec,
    states: States,
    counters: list[Term],
    scale: LossScale,
    pairs: list[tuple[Term, Term]],
    on: Sequence[Term | None],
    followed: Sequence[tuple[ir.Value, ir.Value]],
    finish: Callable[[Weaver, States, Term], None],
) -> None:
    """Put the update of each weight behind its gradient and the last node that reads it.

    `graph` ends in the backward walk; what all updates share comes before that.
    """
    loss = w.given(graph.outputs[-1])
    update = Update(
        learning_rate(w, spec, counters[0], states), scale.unscaled(w.number(1.0)), counters[0]
    )
    apply, numbers = OPTIMIZERS[spec.name][0](w, spec, update, states)
    common = squares(loss, numbers)
    start = loss.value.producer()
    assert start is not None
    graph.insert_after(start, w.take())
    gates = []
    for (weight, slope), switch in zip(pairs, on, strict=True):
        gates.append(is_finite(sum_of_squares(w, [slope], [switch]) + common))
        apply(weight, slope, both(w, gates[-1], switch))
        graph.insert_after(_last_of(graph, weight, slope), w.take())
    sound = gates[0]
    for gate in gates[1:]:
        sound = w.term("And", sound, gate)
    scale.follow(sound)
    follow(w, states, followed, sound)
    finish(w, states, sound)
    count(w, states, counters, sound, sound)
    w.finish(graph)


def _last_of(graph: ir.Graph, weight: Term, slope: Term) -> ir.Node:
    """The node behind which the gradient is there and nobody reads the old weight."""
    users, pending = {slope.value.producer()}, [weight.value]
    while pending:
        for usage in pending.pop().uses():
            users.add(usage.node)
            operator = registry().get(Node(usage.node).op)
            if operator is not None and operator.moves:  # perhaps without a copy
                pending.extend(usage.node.outputs)
    return next(node for node in reversed(graph) if node in users)
