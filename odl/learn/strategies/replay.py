"""Replay: a reservoir of what learning starts from, in eight bits, is rehearsed after each sample.

One buffer of fixed size in latent space and a fixed number of rehearsals for each sample, so that
no task costs more than the one before (ConPET, arXiv:2309.14763; latent replay, arXiv:1912.01100).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from odl.dtype import F32, I8, I32
from odl.errors import UsageError
from odl.learn.cut import narrowest
from odl.learn.strategy import Strategy
from odl.ops.node import SWITCH, static_shape, value_dtype
from odl.ops.random_numbers import MASK, STRIDE
from odl.ops.weave import Term, Weaver
from odl.spec import Spec
from odl.train.state import States, add_state

MOST = 1 << 15
"""Samples that a buffer may have."""


@dataclass
class _Buffer:
    """Its states, and what a sample would put there."""

    rows: ir.Value
    scales: ir.Value
    seen: ir.Value
    turn: ir.Value
    fresh: Term
    """Whether this step learns the sample that it is given."""
    slot: Term
    row: Term
    scale: Term


class Replay(Strategy):
    """State `turn` counts the rehearsals to come: a step with turn 0 learns the sample it is given.

    Sample n (from 0) takes the slot n, or, once the buffer is full, one drawn from n + 1 if there
    is such a slot (Vitter's algorithm R), so that all samples so far are equally likely to be kept.
    """

    name = "replay"
    does = "rehearses samples from a buffer of int8 in RAM"
    paper = "arXiv:2309.14763"
    settings = ("size", "rounds", "seed")

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.size = int(spec.number("size", 64, 1, MOST))
        self.again = int(spec.number("rounds", 1, 1, 64))
        self.seed = int(spec.number("seed", 0, 0, 2**32 - 1))

    @property
    def rounds(self) -> int:
        return 1 + self.again

    def begin(self, graph: ir.Graph, trained: Sequence[ir.Value]) -> None:
        latent = narrowest(graph, trained)
        if latent is None:
            raise UsageError(
                "--strategy replay: no single result leads from the inputs to what learns",
                advice="train other layers",
            )
        w = Weaver("replay", "replay", None)
        readers = list(latent.uses())
        kind, shape = value_dtype(latent), static_shape(latent)
        rows = add_state(graph, "replay/rows", np.zeros((self.size, *shape), np.int8))
        scales = add_state(graph, "replay/scales", np.zeros(self.size, np.float32))
        seen = add_state(graph, "replay/seen", np.zeros((), np.int32))
        turn = add_state(graph, "replay/turn", np.zeros((), np.int32))

        count, now = w.given(seen), w.given(turn)
        early = Weaver("replay/turn", "replay/turn", None)
        fresh = early.given(turn) < early.integer(1)
        fresh.value.meta[SWITCH] = True  # the front is left out where something is rehearsed
        early.finish(graph, before=graph[0])
        known = w.term("Min", count, w.integer(self.size))
        number = count * w.integer(self.rounds) + now
        slot = self._draw(w, number, known, count, 1)
        stored = w.term("Gather", w.given(rows), slot, axis=0).cast(F32)
        stored = stored * w.term("Gather", w.given(scales), slot, axis=0)
        learnt = w.where(Term(w, fresh.value), w.given(latent), stored.cast(kind))
        learnt.value.shape, learnt.value.type = latent.shape, latent.type
        x = learnt.cast(F32)
        largest = x.apply("Abs").apply("ReduceMax", keepdims=0)
        scale = w.term("Max", largest, w.number(1e-30)) * (1 / 127)
        row = (x / scale).apply("Round").cast(I8)
        w.finish(graph, before=_behind(graph, latent.producer() or graph[0]))
        for user, i in readers:
            user.replace_input_with(i, learnt.value)
        self._buffer = _Buffer(rows, scales, seen, turn, fresh, slot, row, scale)

    def _draw(self, w: Weaver, number: Term, bound: Term, like: Term, stream: int) -> Term:
        seed = (self.seed + STRIDE * stream) & MASK
        return w.term("ai.odl.Draw", number, bound, like=like, seed=seed)

    def scores(self, w: Weaver, graph: ir.Graph, z: Term, label: Term) -> tuple[Term, Term]:
        """Empty slots have labels of -1, which a loss masks."""
        b, shape = self._buffer, label.shape
        nothing = np.full((self.size, *shape), -1, label.dtype.numpy)
        if label.dtype is F32:
            nothing[:] = np.nan
        self._labels = add_state(graph, "replay/labels", nothing)
        stored = w.term("Gather", w.given(self._labels), Term(w, b.slot.value), axis=0)
        self._label = label
        return z, w.where(Term(w, b.fresh.value), label, stored)

    def finish(self, w: Weaver, states: States, sound: Term) -> None:
        b = self._buffer
        turn, seen = w.given(b.turn), w.given(b.seen)
        fresh = w.term("And", sound, Term(w, b.fresh.value))
        size = w.integer(self.size)
        drawn = self._draw(w, seen, seen + w.integer(1), seen, 2)
        place = w.where(seen < size, seen, drawn)
        slot = w.where(fresh, place, w.integer(-1))
        for memory, row in ((b.rows, b.row), (b.scales, b.scale), (self._labels, self._label)):
            old = w.given(memory)
            states.follow(old, w.term("ai.odl.Put", old, Term(w, row.value), slot, like=old))
        states.follow(seen, seen + fresh.cast(I32))
        again = w.integer(self.again)
        rest = w.where(Term(w, b.fresh.value), again, turn - w.integer(1))
        states.follow(turn, rest)


def _behind(graph: ir.Graph, node: ir.Node) -> ir.Node:
    nodes = list(graph)
    return nodes[nodes.index(node) + 1]
