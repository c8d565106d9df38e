"""Replay: a reservoir of what learning starts from, in eight bits, is rehearsed after each sample.

One buffer of fixed size in latent space and a fixed number of rehearsals for each sample, so that
no task costs more than the one before (ConPET, arXiv:2309.14763; latent replay, arXiv:1912.01100).
With `source=N`, N slots hold for good what the model has learnt from, chosen and computed when the
model is compiled: they stand in flash, and the rest is the reservoir.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.adapt.seen import Samples
from odl.dtype import F32, I8, I32
from odl.errors import UsageError
from odl.learn.cut import narrowest
from odl.learn.kept import SOURCE, Kept
from odl.learn.strategy import Strategy
from odl.ops.node import SWITCH, static_shape, value_dtype
from odl.ops.random_numbers import MASK, STRIDE
from odl.ops.weave import Term, Weaver
from odl.spec import Spec
from odl.train.state import States, add_state

Array = npt.NDArray[Any]

MOST = 1 << 15
"""Samples that a buffer may have."""
LEAST = 1e-30
"""Stands for the largest value of a row of zeros."""


@dataclass
class _Buffer:
    """Its states, and what a sample would put there."""

    memories: tuple[ir.Value, ir.Value]
    """Rows and their scales."""
    seen: ir.Value
    turn: ir.Value
    fresh: Term
    """Whether this step learns the sample that it is given."""
    slot: Term
    row: Term
    scale: Term


class Replay(Strategy):
    """State `turn` counts the rehearsals to come: a step with turn 0 learns the sample it is given.

    Sample n (from 0) takes the place n of the reservoir, or, once that is full, one drawn from
    n + 1 if there is such a place (Vitter's algorithm R), so that all samples so far are equally
    likely to be kept. Slots of the source come before those of the reservoir.
    """

    name = "replay"
    does = "rehearses samples from a buffer of int8 in RAM"
    paper = "arXiv:2309.14763"
    settings = ("size", "rounds", "seed", "source")

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.size = int(spec.number("size", 64, 1, MOST))
        self.again = int(spec.number("rounds", 1, 1, 64))
        self.seed = int(spec.number("seed", 0, 0, 2**32 - 1))
        self.fixed = int(spec.number("source", 0, 0, self.size - 1))
        self._kept: Kept | None = None

    @property
    def rounds(self) -> int:
        return 1 + self.again

    def begin(
        self, graph: ir.Graph, trained: Sequence[ir.Value], source: Samples | None = None
    ) -> None:
        latent = narrowest(graph, trained)
        if latent is None:
            raise UsageError(
                "--strategy replay: no single result leads from the inputs to what learns",
                advice="train other layers",
            )
        w = Weaver("replay", "replay", None)
        readers = list(latent.uses())
        kind, shape = value_dtype(latent), static_shape(latent)
        rows, scales = self._fixed(graph, latent, source)
        places = self.size - self.fixed
        memories = (
            add_state(graph, "replay/rows", np.zeros((places, *shape), np.int8)),
            add_state(graph, "replay/scales", np.zeros(places, np.float32)),
        )
        seen = add_state(graph, "replay/seen", np.zeros((), np.int32))
        turn = add_state(graph, "replay/turn", np.zeros((), np.int32))

        count, now = w.given(seen), w.given(turn)
        early = Weaver("replay/turn", "replay/turn", None)
        fresh = early.given(turn) < early.integer(1)
        fresh.value.meta[SWITCH] = True  # the front is left out where something is rehearsed
        early.finish(graph, before=graph[0])
        known = w.term("Min", count, w.integer(places)) + w.integer(self.fixed)
        number = count * w.integer(self.rounds) + now
        slot = self._draw(w, number, known, count, 1)
        stored = self._taken(w, slot, rows, memories[0]).cast(F32)
        stored = stored * self._taken(w, slot, scales, memories[1])
        learnt = w.where(Term(w, fresh.value), w.given(latent), stored.cast(kind))
        learnt.typed(shape, kind)
        x = learnt.cast(F32)
        largest = x.apply("Abs").apply("ReduceMax", keepdims=0)
        scale = w.term("Max", largest, w.number(LEAST)) * (1 / 127)
        row = (x / scale).apply("Round").cast(I8)
        w.finish(graph, before=_behind(graph, latent.producer() or graph[0]))
        for user, i in readers:
            user.replace_input_with(i, learnt.value)
        self._buffer = _Buffer(memories, seen, turn, fresh, slot, row, scale)

    def _fixed(
        self, graph: ir.Graph, latent: ir.Value, source: Samples | None
    ) -> tuple[Array, Array]:
        """Rows and scales of the source, as the device would store them."""
        if not self.fixed:
            return np.zeros((0, *static_shape(latent)), np.int8), np.zeros(0, np.float32)
        if source is None:
            raise UsageError(
                f"--strategy replay: source={self.fixed} keeps what the model has learnt from",
                advice=f"give labelled samples with {SOURCE} FILE.npz",
            )
        self._kept = Kept(source, self.fixed, self.seed, graph)
        return quantised(self._kept.results(latent).astype(np.float32))

    def _taken(self, w: Weaver, slot: Term, fixed: Array, memory: ir.Value) -> Term:
        """What a slot holds: of the source, or of the reservoir."""
        if not self.fixed:
            return w.term("Gather", w.given(memory), slot, axis=0)
        first = w.term("Min", slot, w.integer(self.fixed - 1))
        place = w.term("Max", slot - w.integer(self.fixed), w.integer(0))
        kept = w.term("Gather", w.array(fixed), first, axis=0)
        stored = w.term("Gather", w.given(memory), place, axis=0)
        taken = w.where(slot < w.integer(self.fixed), kept, stored)
        return taken.typed(fixed.shape[1:], value_dtype(memory))

    def _draw(self, w: Weaver, number: Term, bound: Term, like: Term, stream: int) -> Term:
        seed = (self.seed + STRIDE * stream) & MASK
        return w.term("ai.odl.Draw", number, bound, like=like, seed=seed)

    def scores(self, w: Weaver, graph: ir.Graph, z: Term, label: Term) -> tuple[Term, Term]:
        """Empty slots have labels of -1, which a loss masks."""
        b, shape, kind = self._buffer, label.shape, label.dtype.numpy
        nothing = np.full((self.size - self.fixed, *shape), -1, kind)
        if label.dtype is F32:
            nothing[:] = np.nan
        fixed = nothing[:0] if self._kept is None else self._kept.labels(label.value)
        self._labels = add_state(graph, "replay/labels", nothing)
        stored = self._taken(w, Term(w, b.slot.value), fixed, self._labels)
        self._label = label
        return z, w.where(Term(w, b.fresh.value), label, stored)

    def finish(self, w: Weaver, states: States, sound: Term) -> None:
        b = self._buffer
        turn, seen = w.given(b.turn), w.given(b.seen)
        fresh = w.term("And", sound, Term(w, b.fresh.value))
        places = w.integer(self.size - self.fixed)
        drawn = self._draw(w, seen, seen + w.integer(1), seen, 2)
        place = w.where(fresh, w.where(seen < places, seen, drawn), w.integer(-1))
        memories = (*b.memories, self._labels)
        for memory, row in zip(memories, (b.row, b.scale, self._label), strict=True):
            old = w.given(memory)
            states.follow(old, w.term("ai.odl.Put", old, Term(w, row.value), place, like=old))
        states.follow(seen, seen + fresh.cast(I32))
        again = w.integer(self.again)
        rest = w.where(Term(w, b.fresh.value), again, turn - w.integer(1))
        states.follow(turn, rest)


def quantised(values: Array) -> tuple[Array, Array]:
    """Rows of eight bits and their scales, as the device makes them."""
    largest = np.abs(values).reshape(len(values), -1).max(axis=1)
    scales = np.maximum(largest, np.float32(LEAST)) * np.float32(1 / 127)
    rows = np.rint(values / scales.reshape(-1, *(1,) * (values.ndim - 1)))
    return rows.astype(np.int8), scales


def _behind(graph: ir.Graph, node: ir.Node) -> ir.Node:
    nodes = list(graph)
    return nodes[nodes.index(node) + 1]
