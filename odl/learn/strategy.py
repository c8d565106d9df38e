"""What a strategy is: nodes around a training step, states of its own, and an order of samples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.adapt.seen import Samples
from odl.dtype import F32, I32
from odl.errors import UsageError
from odl.ops.weave import Term, Weaver
from odl.spec import Spec
from odl.train.state import States

Array = npt.NDArray[Any]


class Strategy:
    """To add one, write a file in odl/learn/strategies with a subclass; nothing else lists it.

    An object serves one compilation: `begin`, `scores` and `finish` are called in this order.
    """

    name: ClassVar[str]
    does: ClassVar[str]
    """In a phrase, for `odl methods`."""
    paper: ClassVar[str] = ""
    """arXiv:NUMBER"""
    settings: ClassVar[tuple[str, ...]] = ()
    descends: ClassVar[bool] = True
    """Whether something is trained by its gradient."""

    head: Collection[ir.Value] = ()
    """What is trained of the model's last layer, set before `begin`."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @property
    def rounds(self) -> int:
        """Steps for each sample: the first one learns it, the others rehearse."""
        return 1

    @property
    def per_task(self) -> tuple[str, ...]:
        """States that are as at first when another task begins."""
        return ()

    def begin(
        self, graph: ir.Graph, trained: Sequence[ir.Value], source: Samples | None = None
    ) -> None:
        """Rewrite the canonical graph, before there is a loss.

        Args:
            trained: constants of the graph that will be states.
            source: what the model has learnt from, if the user gives that.

        Raises:
            UsageError: the graph is none for this strategy.
            ModelError: the samples do not fit the graph.
        """

    def scores(self, w: Weaver, graph: ir.Graph, z: Term, label: Term) -> tuple[Term, Term]:
        """What the loss compares, from the logits (or the prediction) and the given label."""
        return z, label

    def switches(self, w: Weaver, updates: Term) -> dict[ir.Value, Term]:
        """For what is trained, but not in every step, the boolean that says whether it is now.

        It carries SWITCH, so that what only serves it is left out while it is false.
        """
        return {}

    def finish(self, w: Weaver, states: States, sound: Term) -> None:
        """Give the strategy's states their successors; nothing may change where not `sound`."""

    def over_classes(self, z: Term, label: Term) -> None:
        """Refuse a loss that does not compare a row of scores with a class number."""
        if len(z.shape) != 2 or label.dtype is not I32:
            raise UsageError(
                f"--strategy {self.name}: the loss is not over classes",
                advice="--loss ce, class numbers",
            )

    def predict(self, graph: ir.Graph, scores: Term, shape: Sequence[int]) -> Term:
        """`scores`, in single precision, become what the graph predicts."""
        scores.value.name = f"{graph.outputs[0].name}/{self.name}"
        graph.outputs[0] = scores.typed(shape, F32).value
        return scores

    def order(self, labels: Array, rng: np.random.Generator | None) -> Array:
        """Which samples are learnt, one after the other; without `rng`, as they stand."""
        return np.arange(len(labels)) if rng is None else rng.permutation(len(labels))
