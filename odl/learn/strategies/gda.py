"""Streaming Gaussian discriminant analysis in place of the head: no gradient and no learning rate.

Classes are Gaussians with one covariance S over what the last layer sees (arXiv:2402.04087):
w_c = S^-1 m_c, b_c = log p_c - m_c^T w_c / 2. S = A / n, where A starts as a ridge and each sample
adds (h - m_c)(h - m_c)^T n_c / (n_c + 1), with the mean and number of its class before it: that is
the scatter of all samples about the means of their classes, in whatever order they come. Kept is
the inverse of A, by the Sherman-Morrison formula.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.adapt.seen import Samples
from odl.dtype import F32
from odl.errors import UsageError
from odl.learn.strategy import Strategy
from odl.ops import lookup
from odl.ops.node import Node, static_shape
from odl.ops.weave import Term, Weaver
from odl.train.state import States, add_state

RARE = 1e-6
"""Stands for the number of samples of a class that has none."""


class Gda(Strategy):
    """Scores are those of the network plus `weight` times those of the analysis."""

    name = "gda"
    does = "replaces the head by Gaussians of what it sees: one pass, in any order"
    paper = "arXiv:2402.04087"
    settings = ("ridge", "weight")
    descends = False

    def begin(
        self, graph: ir.Graph, trained: Sequence[ir.Value], source: Samples | None = None
    ) -> None:
        if trained:
            raise UsageError(
                "--strategy gda: it is the head that learns", advice="--train gda-head"
            )
        self._seen = _last_input(graph)
        batch, width = static_shape(self._seen)
        if batch != 1:
            raise UsageError(
                f"--strategy gda: {batch} samples in one run", advice="compile for a batch of 1"
            )
        ridge = self.spec.number("ridge", 1.0, 1e-9, 1e9)
        self._width = width
        eye = np.eye(width, dtype=np.float32) / np.float32(ridge)
        self._inverse = add_state(graph, "gda/inverse", eye)

    def scores(self, w: Weaver, graph: ir.Graph, z: Term, label: Term) -> tuple[Term, Term]:
        self.over_classes(z, label)
        classes, width = z.shape[1], self._width
        first = {
            "count": np.zeros((1, classes)), "mean": np.zeros((classes, width)),
            "weight": np.zeros((classes, width)), "bias": np.zeros((1, classes)),
        }  # fmt: skip
        made = {k: add_state(graph, f"gda/{k}", v.astype(np.float32)) for k, v in first.items()}
        self._count, self._mean, self._weight, self._bias = made.values()
        self._label, self._classes = label, classes
        h = w.given(self._seen).cast(F32)
        own = w.term("Gemm", h, w.given(self._weight), w.given(self._bias), transB=1)
        total = z.cast(F32) + own * self.spec.number("weight", 1.0, 0, 1e6)
        return self.predict(graph, total, z.shape), label

    def finish(self, w: Weaver, states: States, sound: Term) -> None:
        """All in place: of a sample that is not sound only zeros come in, which change no bit."""
        zero_one = w.array(np.array([0, 1], np.float32))
        label = Term(w, self._label.value)
        h = w.where(sound, w.given(self._seen).cast(F32), 0.0)
        hot = w.where(sound, w.term("OneHot", label, w.integer(self._classes), zero_one), 0.0)
        count, mean, inverse = (w.given(v) for v in (self._count, self._mean, self._inverse))
        mine = (count * hot).sum([0, 1])
        away = h - w.term("MatMul", hot, mean)
        turned = w.term("MatMul", away, inverse)
        share = mine / (mine + 1.0)
        factor = share / (1.0 + share * (turned * away).sum([0, 1]))
        smaller = inverse + w.term("MatMul", turned.reshape([self._width, 1]), turned * -factor)
        upright = hot.reshape([self._classes, 1])
        closer = mean + w.term("MatMul", upright, away / (mine + 1.0))
        more = count + hot
        total = w.term("Max", more.sum([0, 1]), w.number(RARE))
        weight = w.term("MatMul", closer, smaller) * total
        height = (weight * closer).sum([1]).reshape([1, self._classes])
        prior = (w.term("Max", more, w.number(RARE)) / total).apply("Log")
        pairs = (
            (self._inverse, smaller), (self._count, more), (self._mean, closer),
            (self._weight, weight), (self._bias, prior - height * 0.5),
        )  # fmt: skip
        for state, new in pairs:
            states.follow(w.given(state), new)


def _last_input(graph: ir.Graph) -> ir.Value:
    """What the last layer with a weight sees: one row for each sample."""
    for node in reversed(graph):
        view = Node(node)
        weights = [i for i in range(len(node.inputs)) if view.has(i) and view.is_const(i)]
        if any(lookup(view).linear(view, i) is not None for i in weights):
            value = node.inputs[0]
            if value is not None and len(static_shape(value)) == 2:
                return value
            break
    raise UsageError(
        "--strategy gda: the model does not end in a dense layer", advice="another strategy"
    )
