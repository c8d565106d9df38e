"""From what the user asks to what becomes of each parameter of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from odl.adapt.ask import Part, read
from odl.adapt.chain import Chain
from odl.adapt.frozen import Mask
from odl.adapt.method import Adapter, Given, Policy, Rotation, Selection
from odl.adapt.parameters import Parameter, parameters
from odl.errors import UsageError, printable
from odl.ops import registry
from odl.ops.linear import Linear
from odl.ops.node import Node, constant_value

NOTHING = Mask()


@dataclass(frozen=True)
class Layer:
    """A weight that becomes a chain."""

    parameter: Parameter
    linear: Linear
    part: Part
    method: Adapter
    given: Given
    chain: Chain
    """Of methods that are calibrated: the shapes; see odl/adapt/calibrate.py."""
    biases: tuple[ir.Value, ...]


@dataclass(frozen=True)
class Turns:
    """Layers of which only some learn at a time."""

    rotation: Rotation
    layers: tuple[tuple[ir.Value, ...], ...]
    """The selected parameters of each; the layers that learn always are not among them."""


@dataclass(frozen=True)
class Plan:
    """What learns."""

    selected: tuple[ir.Value, ...]
    """Parameters that are trained as they are, in the graph's order."""
    layers: tuple[Layer, ...]
    turns: tuple[Turns, ...] = ()
    policies: tuple[tuple[Parameter, Part], ...] = ()
    """Weights whose gradients, or those of their factors, are made as a policy says."""
    strategy: str = ""
    """That a method brings with it, as --strategy has it."""

    @property
    def touched(self) -> list[ir.Value]:
        """Parameters that are trained, or stand in what is."""
        return [*self.selected, *(layer.parameter.value for layer in self.layers)]


def choose(graph: ir.Graph, text: str, mask: Mask = NOTHING) -> Plan:
    """What `text` means in this graph; of two methods for one parameter the later has it.

    A method takes the weights that are larger than its factors, or those that `layers=` names.

    Args:
        mask: what is not trained, whatever the text says.

    Raises:
        UsageError: it means nothing, or none of this model's parameters, or names frozen ones.
    """
    every = parameters(graph)
    known = [p for p in every if not mask.holds(p)]
    owners: dict[ir.Value, tuple[Part, Layer | None]] = {}
    parts = read(text)
    for part in parts:
        _refuse_frozen(part, every, known)
        if isinstance(part.method, Selection):
            layers = len({p.depth for p in every})
            for p in known:
                if part.admits(p) and part.method.chooses(p, layers, part.spec):
                    owners[p.value] = part, None
        elif isinstance(part.method, Adapter):
            for layer in _adapted(known, part, part.method):
                owners[layer.parameter.value] = part, layer
    policies = [
        (p, part)
        for part in parts
        if isinstance(part.method, Policy)
        for p in known
        if p.role == "weight" and p.value in owners and part.admits(p)
    ]
    used = [owner for owner, _ in owners.values()] + [part for _, part in policies]
    for part in parts:
        if not part.method.strategy and not any(owner is part for owner in used):
            raise _none(part, known)
    adapted = [layer for _, layer in owners.values() if layer is not None]
    biases = {b for layer in adapted for b in layer.biases}
    whole = {v for v, (_, layer) in owners.items() if layer is None} | biases
    selected = tuple(p.value for p in known if p.value in whole)
    turns = [_turns(part, [p for p in known if owners.get(p.value) == (part, None)])
             for part in parts]  # fmt: skip
    taken = tuple(t for t in turns if t is not None)
    brought = [_strategy(part) for part in parts if part.method.strategy]
    strategy = brought[-1] if brought else ""
    return Plan(selected, tuple(adapted), taken, tuple(policies), strategy)


def _strategy(part: Part) -> str:
    settings = ",".join(f"{k}={v}" for k, v in part.spec.settings.items())
    return f"{part.method.strategy}:{settings}" if settings else part.method.strategy


def _turns(part: Part, mine: Sequence[Parameter]) -> Turns | None:
    """How the layers of a part take turns, if they do: all but the last."""
    rotation = part.method.rotation(part.spec) if isinstance(part.method, Selection) else None
    layers: dict[int, list[ir.Value]] = {}
    for p in mine:
        layers.setdefault(p.depth, []).append(p.value)
    *others, _ = sorted(layers) or [0]
    if rotation is None or rotation.count >= len(others):
        return None
    return Turns(rotation, tuple(tuple(layers[depth]) for depth in others))


def _adapted(known: Sequence[Parameter], part: Part, method: Adapter) -> list[Layer]:
    layers = []
    for p in known:
        if p.role == "weight" and p.linear is not None and part.admits(p) and _alone(p):
            given = _given(p, p.linear, part, method)
            biases = tuple(q.value for q in known if q.layer == p.layer and q.role == "bias")
            chain = method.declare(given)
            if chain.size < given.weight.size or part.patterns:
                taken = biases if chain.bias else ()
                layers.append(Layer(p, p.linear, part, method, given, chain, taken))
    return layers


def _alone(p: Parameter) -> bool:
    """Whether all that read the weight take it as one."""
    for user, i in p.value.uses():
        node = Node(user)
        operator = registry().get(node.op)
        linear = operator.linear(node, i) if operator is not None else None
        if linear is None or not node.has(0) or node.is_const(0):
            return False
    return not p.value.is_graph_output()


def _given(p: Parameter, linear: Linear, part: Part, method: Adapter) -> Given:
    array = constant_value(p.value)
    assert array is not None
    weight = linear.matrix(array.astype(np.float64))
    given = Given(str(p.value.name), weight, linear.channels, part.spec, 0)
    every = np.broadcast_to(np.eye(linear.columns), (linear.groups, linear.columns, linear.columns))
    return replace(given, rank=Adapter.ranks(method, [given])[0], covariance=every)


def _refuse_frozen(part: Part, every: Sequence[Parameter], known: Sequence[Parameter]) -> None:
    """A part, or one of its patterns, that only the publisher's mask keeps from naming anything."""
    for one in [replace(part, patterns=(p,)) for p in part.patterns] or [part]:
        if not any(map(one.admits, known)) and any(map(one.admits, every)):
            names = ", ".join(one.patterns) or "all that it has"
            raise UsageError(
                f"--train {printable(part.text)}: {printable(names)} is frozen by the model's "
                "publisher",
                advice="train other layers",
            )


def _none(part: Part, known: Sequence[Parameter]) -> UsageError:
    names = ", ".join(printable(f"{p.layer} ({p.role})") for p in known[:6])
    more = ", ..." if len(known) > 6 else ""
    advice = f"it has {names}{more}" if names else "it has none"
    if isinstance(part.method, Policy):
        advice = f"it says how weights learn that another method chooses, such as full+{part.text}"
    if names and isinstance(part.method, Adapter) and not part.patterns:
        advice = f"its factors are larger than any weight; name some with layers=PATTERN: {advice}"
    return UsageError(
        f"--train {printable(part.text)} chooses none of the model's parameters", advice=advice
    )
