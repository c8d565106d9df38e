"""A canonical graph becomes a training step: a loss, the backward walk, and guarded updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from odl.dtype import F32
from odl.errors import ModelError, UsageError
from odl.ops.node import static_shape, value_dtype
from odl.ops.weave import Term, Weaver
from odl.spec import Spec, parse
from odl.train.accumulate import COUNT, Gathered
from odl.train.differentiate import differentiate
from odl.train.grow import Growth, Moving
from odl.train.guard import COUNTERS, both, count, follow, is_finite, squares, sum_of_squares
from odl.train.keep_light import keep_light
from odl.train.layerwise import update_by_layer
from odl.train.loss_scale import LossScale
from odl.train.losses import LOSSES, logits
from odl.train.optimizers import OPTIMIZERS, Update, learning_rate
from odl.train.options import TrainOptions
from odl.train.state import States
from odl.train.thin import Thin, Thinning

Switches = Callable[[Weaver, Term], dict[ir.Value, Term]]
"""From the count of updates to the booleans without which some of what is trained stays as it is.

They carry SWITCH in their `meta`, so that what only serves an update that is off is left out.
"""
Scores = Callable[[Weaver, Term, Term], tuple[Term, Term]]
"""What a loss compares, from the logits and the label."""
Finish = Callable[[Weaver, States, Term], None]
"""Gives further states their successors, from whether the step is sound."""


@dataclass(frozen=True)
class Hooks:
    """What methods and strategies add to the updates."""

    switches: Switches = lambda w, updates: {}
    policies: Mapping[ir.Value, Thin] = field(default_factory=dict)
    """Of what is trained, how little its gradients keep of activations."""
    moving: Sequence[Moving] = ()
    """Of what is trained, the entries that move."""
    finish: Finish = lambda w, states, sound: None


def add_loss(
    model: ir.Model, options: TrainOptions, scores: Scores = lambda w, z, label: (z, label)
) -> None:
    """Append the loss, as the last output, and its label, as the last input.

    The loss stands behind the model's first output, or behind what `scores` makes of it.

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
    z, t = scores(w, w.given(prediction), w.given(label))
    total = loss.build(w, z, t, spec).value
    w.finish(graph)
    total.name = _free("loss", taken)
    total.shape, total.type = ir.Shape(()), ir.TensorType(ir.DataType.FLOAT)
    graph.outputs.append(total)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"odl/{name}"
    return name


def add_updates(
    model: ir.Model,
    options: TrainOptions,
    trained: Sequence[ir.Value],
    followed: Sequence[tuple[ir.Value, ir.Value]] = (),
    hooks: Hooks | None = None,
) -> None:
    """Append gradients and updates of what is trained; weights become state.

    Args:
        followed: states that need no gradient, with their successors.
        hooks: what else stands in the step.

    Nothing of the state changes in a step whose loss or gradients are not all finite.

    Raises:
        UsageError: nothing to train, or an optimiser that is not known.
        Unsupported: an operator on the way has no gradient.
    """
    graph, hooks = model.graph, hooks or Hooks()
    known = {name: settings for name, (_, settings) in OPTIMIZERS.items()}
    spec = parse("--optimizer", options.optimizer, known)
    w = Weaver("update", "update", None)
    states = States(graph, w)
    counters = [states.add(n, np.zeros((), np.int32)) for n in COUNTERS]
    weights = [states.train(v) for v in trained]
    scale = LossScale(w, states, options.loss_scale)
    gathered_count = None
    if options.accumulate > 1 and not options.layerwise:
        gathered_count = states.add(COUNT, np.zeros((), np.int32))
    loss = graph.outputs[-1]
    number = _number_of_step(counters, gathered_count, options.accumulate)
    thinning = Thinning(graph, w, hooks.policies, number)
    active = hooks.switches(w, counters[0])
    graph.insert_before(graph[0], w.take())  # early, for what they can leave out
    wanted = [*(t.value for t in weights), *(m.whole for m in hooks.moving)]
    slopes = differentiate(graph, loss, scale.scale.value, wanted, thinning.slope)
    thinning.check()
    lighter = keep_light(graph, loss)
    slopes = [None if s is None else lighter.get(s, s) for s in slopes]
    own, whole = slopes[: len(weights)], slopes[len(weights) :]
    pairs = [(t, _computed(w, s)) for t, s in zip(weights, own, strict=True) if s is not None]
    on = [active.get(t.value) for t, _ in pairs]
    if len(pairs) < len(weights):
        missing = next(t for t, s in zip(weights, own, strict=True) if s is None)
        raise UsageError(
            f"the loss does not depend on '{missing.value.name}'", advice="--train something else"
        )
    if not pairs:
        sound = is_finite(squares(w.given(loss), []))
        scale.follow(sound)
        hooks.finish(w, states, sound)
        count(w, states, counters, sound, sound)
        w.finish(graph)
        states.finish()
        return
    if options.layerwise:
        if options.accumulate > 1 or "clip" in spec.settings:
            raise UsageError(
                "--layerwise has no gradient left to accumulate or to clip by the norm of all",
                advice="one or the other",
            )
        if hooks.moving:
            raise UsageError(
                "--layerwise has no gradient left to tell which entries move",
                advice="one or the other",
            )
        update_by_layer(w, graph, spec, states, counters, scale, pairs, on, followed, hooks.finish)
        states.finish()
        return
    growth = Growth(w, states, counters[0], scale)
    looked = growth.look(graph, hooks.moving, [w.given(s) for s in whole if s is not None])
    if options.accumulate > 1:  # the scale may change before the update
        pairs = [(weight, scale.unscaled(slope.cast(F32))) for weight, slope in pairs]
    gathered = Gathered(w, states, pairs, on, options.accumulate, gathered_count)
    norm2 = sum_of_squares(w, gathered.slopes, on)
    mean = w.number(1 / options.accumulate)
    if options.accumulate == 1:
        mean = scale.unscaled(mean)
    factor = _clipped(w, spec, norm2, mean)
    update = Update(learning_rate(w, spec, counters[0], states), factor, counters[0])
    apply, numbers = OPTIMIZERS[spec.name][0](w, spec, update, states)
    sound = is_finite(sum(looked, norm2 + squares(w.given(loss), numbers)))
    gate = gathered.gate(sound)
    gates = {switch: both(w, gate, switch) for switch in dict.fromkeys(on)}
    for (weight, _), slope, switch in zip(pairs, gathered.slopes, on, strict=True):
        apply(weight, slope, gates[switch])
    gathered.keep(sound)
    follow(w, states, followed, sound)
    scale.follow(sound)
    hooks.finish(w, states, sound)
    growth.finish(sound, gate)
    count(w, states, counters, sound, gate)
    w.finish(graph)
    states.finish()


def _number_of_step(
    counters: list[Term], gathered: Term | None, samples: int
) -> Callable[[], Term]:
    """A number that no two runs have in common."""

    def make() -> Term:
        updates, skipped, _ = counters
        if gathered is None:
            return updates + skipped
        return updates * updates.build.integer(samples) + skipped + gathered

    return make


def _computed(w: Weaver, slope: ir.Value) -> Term:
    """The gradient of a master as the backward walk has it, perhaps in half precision."""
    cast = slope.producer()
    if cast is None or cast.op_type != "Cast" or cast.inputs[0] is None:
        return w.given(slope)
    name, source = slope.name, cast.inputs[0]
    slope.name, source.name = f"{name}/single", name
    return w.given(source)


def _clipped(w: Weaver, spec: Spec, norm2: Term, mean: Term) -> Term:
    """What gradients are multiplied by: the factor `mean`, and less where their norm is too large.

    Clipping by the global norm is that of torch.nn.utils.clip_grad_norm_ (arXiv:1211.5063).
    """
    if "clip" not in spec.settings:
        return mean
    limit = spec.number("clip", 1.0, 1e-12, 1e12)
    norm = norm2.apply("Sqrt") * mean
    return w.term("Min", limit / (norm + 1e-6), w.number(1.0)) * mean
