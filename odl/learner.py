"""What of a graph learns, and the training step around it: loss, gradients, updates, strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import onnx_ir as ir

from odl import learn
from odl.adapt.calibrate import calibrated
from odl.adapt.choose import choose
from odl.adapt.frozen import mask_of
from odl.adapt.generator import seed_of
from odl.adapt.insert import FACTOR_OF, MOVED, adapt
from odl.adapt.method import Policy
from odl.adapt.parameters import parameters
from odl.adapt.remake import remake
from odl.adapt.seen import Samples
from odl.adapt.turns import switches
from odl.errors import UsageError
from odl.learn.record import write_record
from odl.learn.strategy import Strategy
from odl.ops.weave import Term, Weaver
from odl.train.grow import Moving
from odl.train.guard import both
from odl.train.options import TrainOptions
from odl.train.step import Hooks, add_loss, add_updates
from odl.train.thin import Thin
from odl.transform.follow_statistics import take_followed
from odl.transform.infer_shapes import infer_shapes
from odl.transform.unroll_recurrent import unroll_recurrent


class Learner:
    """Parameters and adapters of a canonical graph, which get their updates by `add_step`.

    Between the two, the graph may be turned to half precision, or its layout be chosen.
    """

    def __init__(
        self, model: ir.Model, train: TrainOptions, half: bool, samples: Samples | None
    ) -> None:
        """Insert the adapters that `train` asks for.

        Args:
            half: whether the graph will be turned to half precision.
            samples: what layers see, for methods that start from it.
        """
        self._model, self._train = model, train
        self._plan = choose(model.graph, train.trainables, mask_of(model))
        self._depths = {p.value: p.depth for p in parameters(model.graph)}
        unroll_recurrent(model, self._plan.touched)
        layers = calibrated(model.graph, self._plan.layers, samples)
        self.trained = adapt(model, replace(self._plan, layers=layers), half)
        self.is_adapted = bool(layers)
        infer_shapes(model)

    def add_step(self, source: Samples | None) -> None:
        """The model becomes a training step.

        Args:
            source: what the model has learnt from, for strategies that keep some of it.
        """
        model, graph, train = self._model, self._model.graph, self._train
        followed = take_followed(graph)
        text, strategy = self._strategy()
        strategy.head = self._head()
        strategy.begin(graph, self.trained, source)
        infer_shapes(model)
        add_loss(model, train, lambda w, z, label: strategy.scores(w, graph, z, label))
        infer_shapes(model)

        def conditions(w: Weaver, updates: Term) -> dict[ir.Value, Term]:
            found = switches(self._plan.turns, w, updates)
            for value, on in strategy.switches(w, updates).items():
                found[value] = both(w, on, found.get(value))
            return found

        hooks = Hooks(conditions, self._thinned(), _moving(self.trained), strategy.finish)
        add_updates(model, train, self.trained, followed, hooks)
        write_record(model, text, strategy)
        remake(graph)

    def _strategy(self) -> tuple[str, Strategy]:
        """What --strategy says, or what a method brings with it."""
        text = self._train.strategy or self._plan.strategy
        strategy = learn.read(text)
        if self._plan.strategy and strategy.descends:
            raise UsageError(
                f"--strategy {strategy.name} with --train {self._train.trainables}",
                advice="one or the other: both say how it learns",
            )
        return text, strategy

    def _head(self) -> set[ir.Value]:
        """What is trained of the last layer."""
        last = max(self._depths.values(), default=0)
        return {v for v in self.trained if self._depths.get(_origin(v)) == last}

    def _thinned(self) -> dict[ir.Value, Thin]:
        """What of the weights that are trained, or of their factors, is thinned."""
        found: dict[ir.Value, Thin] = {}
        for parameter, part in self._plan.policies:
            assert isinstance(part.method, Policy)
            number = int(part.spec.number("seed", 0, 0, 2**32 - 1))
            seed = seed_of(str(parameter.value.name), number)
            thin = Thin(part.method.share(part.spec), seed, bool(part.patterns), part.text)
            mine = [v for v in self.trained if _origin(v) is parameter.value]
            found |= dict.fromkeys(mine, thin)
        return found


def _origin(value: ir.Value) -> ir.Value:
    """The parameter that a trained value is, or is a factor of."""
    found = value.meta.get(FACTOR_OF, value)
    assert isinstance(found, ir.Value)
    return found


def _moving(trained: Sequence[ir.Value]) -> list[Moving]:
    """The entries that move, of what is trained."""
    found = []
    for value in trained:
        if MOVED in value.meta:
            places, whole, m = value.meta[MOVED]
            found.append(Moving(value, places, whole, m.every, m.count, m.until, m.seed))
    return found
