"""Optimisers: from gradients to the next state, as nodes; every update stands behind one gate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from odl.ops.weave import Term, Weaver
from odl.spec import Spec
from odl.train.state import States

ENTRIES = 256
"""Of a schedule's table, at most: longer schedules keep each rate for several steps."""

RATE = ("lr", "live", "schedule", "steps", "warmup", "clip", "decay")
"""Settings that every optimiser has."""

LIVE = "odl/learning_rate"
"""The state that the host may write where the rate is `live`."""


@dataclass(frozen=True)
class Update:
    """What the update of every weight shares; all are scalars."""

    lr: Term
    factor: Term
    """For the gradient: undoes the loss scale and clips its norm."""
    count: Term
    """Updates so far, int32."""


Apply = Callable[[Term, Term, Term], None]
"""Updates one weight by its gradient, if the gate is open."""

Rule = Callable[[Weaver, Spec, Update, States], tuple[Apply, list[Term]]]
"""From what is shared to how each weight is updated, and the numbers that go into every update."""


def _sgd(w: Weaver, spec: Spec, u: Update, states: States) -> tuple[Apply, list[Term]]:
    decay = spec.number("decay", 0.0, 0.0, 1.0)
    momentum = spec.number("momentum", 0.0, 0.0, 0.99999)

    def update(weight: Term, slope: Term, gate: Term) -> None:
        if momentum == 0:
            args = (weight, slope, u.lr, u.factor, gate)
            states.follow(weight, w.term("ai.odl.SGDStep", *args, like=weight, decay=decay))
            return
        m = states.moment(weight, "momentum")
        more = {"decay": decay, "momentum": momentum, "nesterov": int(spec.flag("nesterov"))}
        fresh = w.terms(
            "ai.odl.MomentumStep",
            weight,
            slope,
            m,
            u.lr,
            u.factor,
            gate,
            like=(weight, m),
            **more,
        )
        for old, new in zip((weight, m), fresh, strict=True):
            states.follow(old, new)

    return update, [u.lr, u.factor]


def _adam(w: Weaver, spec: Spec, u: Update, states: States) -> tuple[Apply, list[Term]]:
    """The corrections 1 - beta^t are -expm1(t log beta), which loses no digits; Elu has expm1."""
    beta1 = spec.number("beta1", 0.9, 0.0, 0.99999)
    beta2 = spec.number("beta2", 0.999, 0.0, 0.999999)
    epsilon = spec.number("eps", 1e-8, 1e-30, 1.0)
    decay = spec.number("decay", 0.01 if spec.name == "adamw" else 0.0, 0.0, 1.0)
    t = (u.count + w.integer(1)).apply("Cast", to=1)

    def correction(beta: float) -> Term:
        if beta == 0:
            return w.number(1.0)
        return -(t * math.log(beta)).apply("Elu")

    rate, root = u.lr / correction(beta1), 1.0 / correction(beta2).apply("Sqrt")
    decoupled = spec.name == "adamw" and decay > 0
    keep = 1.0 - u.lr * decay if decoupled else w.number(1.0)
    more = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    more["decay"] = 0.0 if decoupled else decay

    def update(weight: Term, slope: Term, gate: Term) -> None:
        m, v = states.moment(weight, "mean"), states.moment(weight, "variance")
        args = (weight, slope, m, v, rate, root, keep, u.factor, gate)
        fresh = w.terms("ai.odl.AdamStep", *args, like=(weight, m, v), **more)
        for old, new in zip((weight, m, v), fresh, strict=True):
            states.follow(old, new)

    return update, [rate, root, keep, u.factor]


OPTIMIZERS: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "sgd": (_sgd, (*RATE, "momentum", "nesterov")),
    "adam": (_adam, (*RATE, "beta1", "beta2", "eps")),
    "adamw": (_adam, (*RATE, "beta1", "beta2", "eps")),
}

DEFAULT_RATES = {"sgd": 0.01, "adam": 0.001, "adamw": 0.001}

SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "linear": lambda done: 1 - done,
    "cosine": lambda done: 0.5 + 0.5 * math.cos(math.pi * done),
}
"""Share of the rate at each share of the steps after the warm-up."""


def learning_rate(w: Weaver, spec: Spec, count: Term, states: States) -> Term:
    """The rate of the next update: a number, times an entry of a table made at compile time.

    With `live` the number is a state that no step changes.

    Raises:
        UsageError: the settings contradict each other.
    """
    rate = spec.number("lr", DEFAULT_RATES[spec.name], 0.0, 1e6)
    number = w.number(rate)
    if spec.flag("live"):
        state = states.add(LIVE, np.array(rate, np.float32))
        number = state * 1.0  # so that its finiteness is looked at in every step
        states.follow(state, number)
    shape = SHAPES[spec.choice("schedule", "constant", tuple(SHAPES))]
    warmup = int(spec.number("warmup", 0, 0, 1e9))
    steps = int(
        spec.number("steps", warmup, max(warmup, 1 if "schedule" in spec.settings else 0), 1e9)
    )
    if steps == 0:
        return number

    def share(step: float) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return shape(min(1.0, (step - warmup) / max(1, steps - warmup)))

    stride = -(-steps // ENTRIES)
    largest = 1.0 if spec.flag("live") else rate
    table = [largest * share(i * stride) for i in range(-(-steps // stride) + 1)]
    at = w.term("Min", count / w.integer(stride), w.integer(len(table) - 1))
    entry = w.term("Gather", w.array(np.array(table, np.float32)), at, axis=0)
    return entry * number if spec.flag("live") else entry
