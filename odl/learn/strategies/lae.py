"""LAE: a fast copy of what is trained and a slow one; the surer of the two predicts.

Learning, Accumulation, Ensemble (arXiv:2303.10070): the fast copy learns with a loss over the
classes of the present task alone, the slow one follows it as a moving average. What the paper calls
calibration is `calibrate=N`: the first N samples of a task teach the last layer alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from odl.adapt.seen import Samples
from odl.dtype import BOOL, F32, I32
from odl.errors import UsageError
from odl.learn.cut import behind
from odl.learn.strategy import Strategy
from odl.ops.node import SWITCH, constant_value
from odl.ops.weave import Term, Weaver
from odl.spec import Spec
from odl.train.state import States, add_state

ABSENT = -1e4
"""Added to the logits of classes that the task does not have, so far as it is known."""


class Lae(Strategy):
    name = "lae"
    does = "predicts with a fast and a slow copy of what is trained"
    paper = "arXiv:2303.10070"
    settings = ("decay", "global", "calibrate")

    CLASSES, LEARNT = "lae/classes", "lae/learnt"

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._calibration = int(spec.number("calibrate", 0, 0, 1e9))

    @property
    def per_task(self) -> tuple[str, ...]:
        classes = () if self.spec.flag("global") else (self.CLASSES,)
        return (*classes, self.LEARNT) if self._calibration else classes

    def begin(
        self, graph: ir.Graph, trained: Sequence[ir.Value], source: Samples | None = None
    ) -> None:
        """Behind each node that depends on what is trained stands one that depends on the copy."""
        self._fast = list(trained)
        if self._calibration:
            if not self.head or len(self.head) == len(self._fast):
                raise UsageError(
                    "--strategy lae: calibrate is for a last layer that learns, and others",
                    advice="leave it away, or train more",
                )
            self._learnt = add_state(graph, self.LEARNT, np.zeros((), np.int32))
        self._slow = [add_state(graph, f"{v.name}/slow", _first(v)) for v in trained]
        twin: dict[ir.Value, ir.Value] = dict(zip(self._fast, self._slow, strict=True))
        late = behind(graph, trained)
        for node in [n for n in graph if n in late]:
            copy = ir.Node(
                node.domain, node.op_type, [twin.get(v, v) if v else None for v in node.inputs],
                list(node.attributes.values()), num_outputs=len(node.outputs),
                name=f"{node.name}/slow",
            )  # fmt: skip
            for old, new in zip(node.outputs, copy.outputs, strict=True):
                new.name, new.shape, new.type = f"{old.name}/slow", old.shape, old.type
                twin[old] = new
            graph.insert_after(node, copy)
        self._twin = twin

    def scores(self, w: Weaver, graph: ir.Graph, z: Term, label: Term) -> tuple[Term, Term]:
        self.over_classes(z, label)
        slow = w.given(self._twin[z.value])
        sure = [t.cast(F32).apply("Softmax", axis=1) for t in (z, slow)]
        self.predict(graph, w.term("Max", *sure), z.shape)
        if self.spec.flag("global"):
            return z, label
        classes = z.shape[1]
        self._classes = add_state(graph, self.CLASSES, np.zeros((1, classes), np.float32))
        hot = w.term("OneHot", label, w.integer(classes), w.array(np.array([0, 1], np.float32)))
        axes = w.ints([0])
        here = w.term("ReduceMax", hot, axes, keepdims=1)
        self._known = known = w.term("Max", w.given(self._classes), here)
        return (z.cast(F32) + (1.0 - known) * ABSENT).typed(z.shape, F32), label

    def switches(self, w: Weaver, updates: Term) -> dict[ir.Value, Term]:
        if not self._calibration:
            return {}
        over = (w.given(self._learnt) >= w.integer(self._calibration)).typed((), BOOL)
        over.value.meta[SWITCH] = True
        return {v: over for v in self._fast if v not in self.head}

    def finish(self, w: Weaver, states: States, sound: Term) -> None:
        share = 1 - self.spec.number("decay", 0.99, 0, 1)
        for fast, slow in zip(self._fast, self._slow, strict=True):
            old = w.given(slow)
            moved = old + (states.next(fast) - old) * share
            states.follow(old, w.where(sound, moved, old))
        if self._calibration:
            learnt = w.given(self._learnt)
            more = w.term("Min", learnt + sound.cast(I32), w.integer(self._calibration))
            states.follow(learnt, more)
        if not self.spec.flag("global"):
            old = w.given(self._classes)
            states.follow(old, w.where(sound, Term(w, self._known.value), old))


def _first(value: ir.Value) -> np.ndarray:
    array = constant_value(value)
    assert array is not None
    return array.astype(np.float32)
