"""A canonical graph becomes a training step: a loss, the backward walk, and guarded updates."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from odl.errors import ModelError, UsageError
from odl.ops.node import static_shape, value_dtype
from odl.ops.weave import Term, Weaver
from odl.train.differentiate import differentiate
from odl.train.losses import LOSSES, logits
from odl.train.optimizers import OPTIMIZERS, Update, learning_rate
from odl.train.options import Spec, TrainOptions, parse
from odl.train.state import States
from odl.train.trainables import choose_trainables

SKIPPED_IN_ROW = "odl/skipped_in_row"
COUNTERS = ("odl/updates", "odl/skipped", SKIPPED_IN_ROW)
"""State that every training step has, int32: updates made, steps skipped, and those skipped since
the last update."""


def add_loss(model: ir.Model, options: TrainOptions) -> None:
    """Append the loss, as the last output, and its label, as the last input.

    The loss stands behind the model's first output.

    Raises:
        UsageError: the loss is not known.
        ModelError: it does not fit the output.
    """
    graph = model.graph
    spec = parse("--loss", options.loss, {name: loss.settings for name, loss in LOSSES.items()})
    loss = LOSSES[spec.name]
    if not graph.outputs or not value_dtype(graph.outputs[0]).is_float:
        raise ModelError(
            "its first output is no float", where="graph", advice="train another model"
        )
    prediction = logits(graph.outputs[0], loss)
    w = Weaver("loss", "loss", None)
    kind, shape = loss.label(static_shape(prediction), spec)
    taken = {str(v.name) for v in ir.convenience.create_value_mapping(graph).values()}
    label = ir.Value(
        name=_free("label", taken),
        shape=ir.Shape(shape), type=ir.TensorType(ir.DataType(kind.onnx)),
    )  # fmt: skip
    graph.inputs.append(label)
    total = loss.build(w, w.given(prediction), w.given(label), spec).value
    w.finish(graph)
    total.name = _free("loss", taken)
    total.shape, total.type = ir.Shape(()), ir.TensorType(ir.DataType.FLOAT)
    graph.outputs.append(total)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"odl/{name}"
    return name


def add_updates(model: ir.Model, options: TrainOptions) -> int:
    """Append gradients and updates of what is trained; weights become state.

    Nothing of the state changes in a step whose loss or gradients are not all finite.

    Returns:
        how many states there are: the last inputs, whose successors are the last outputs.

    Raises:
        UsageError: nothing to train, or an optimiser that is not known.
        Unsupported: an operator on the way has no gradient.
    """
    graph = model.graph
    known = {name: settings for name, (_, settings) in OPTIMIZERS.items()}
    spec = parse("--optimizer", options.optimizer, known)
    w = Weaver("update", "update", None)
    states = States(graph, w)
    counters = [states.add(n, np.zeros((), np.int32)) for n in COUNTERS]
    weights = [states.train(v) for v in choose_trainables(graph, options.trainables)]
    loss = graph.outputs[-1]
    seed = Weaver("loss", "loss/grad", None)
    one = seed.number(1.0).value
    seed.finish(graph)
    slopes = differentiate(graph, loss, one, [t.value for t in weights])
    pairs = [(t, w.given(s)) for t, s in zip(weights, slopes, strict=True) if s is not None]
    if len(pairs) < len(weights):
        missing = next(t for t, s in zip(weights, slopes, strict=True) if s is None)
        raise UsageError(
            f"the loss does not depend on '{missing.value.name}'", advice="--train something else"
        )
    update = _shared(w, spec, counters, w.given(loss), [s for _, s in pairs])
    rule = OPTIMIZERS[spec.name][0](w, spec, update, states)
    for weight, slope in pairs:
        rule(weight, slope)
    _count(w, states, counters, update.gate)
    w.finish(graph)
    return states.finish()


def _shared(w: Weaver, spec: Spec, counters: list[Term], loss: Term, slopes: list[Term]) -> Update:
    """Learning rate, clipping, and the gate: open if the sum of all squares is finite."""
    squares = [_squares(w, s) for s in slopes]
    norm2 = w.term("Concat", *squares, axis=0).sum([0])
    everything = norm2 + loss * loss
    gate = everything < w.number(np.inf)
    factor = w.number(1.0)
    if "clip" in spec.settings:
        limit = spec.number("clip", 1.0, 1e-12, 1e12)
        factor = w.term("Min", limit / (norm2.apply("Sqrt") + 1e-6), factor)
    rate = learning_rate(w, spec, counters[0])
    return Update(rate, factor, gate, counters[0])


def _count(w: Weaver, states: States, counters: list[Term], gate: Term) -> None:
    """Behind all updates, which ask how many there have been."""
    updates, skipped, in_row = counters
    good = gate.apply("Cast", to=int(ir.DataType.INT32))
    bad = w.integer(1) - good
    states.follow(updates, updates + good)
    states.follow(skipped, skipped + bad)
    states.follow(in_row, (in_row + bad) * bad)


def _squares(w: Weaver, slope: Term) -> Term:
    """Sums of squares of the gradient, one for each index of its first axis: work for all cores."""
    rank = len(slope.shape)
    if rank < 2:
        return w.term("ReduceSumSquare", slope, keepdims=0).reshape([1])
    return w.term("ReduceSumSquare", slope, w.list(range(1, rank)), keepdims=0)
