"""Entries of a weight that move: behind each round of updates some go, and others come.

Sparse fine-tuning (arXiv:2401.16405): those that have changed least go, and the weight is there
what it was; others come where the gradient, summed over the round, was largest, and start from
zero. No device keeps sums for a whole weight: each round looks at a few candidates, which stand
equally far apart, from a place on that is drawn. Those that learn already count for nothing. What
an optimiser keeps of an entry, a sum of gradients or a slow copy becomes zero as it moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from odl.dtype import BOOL, F32, I32
from odl.ops.backward import UNFOLDED
from odl.ops.node import SWITCH, static_shape
from odl.ops.random_numbers import signed
from odl.ops.weave import Term, Weaver
from odl.train.loss_scale import LossScale
from odl.train.state import States

LARGEST = 2**31 - 1

TRIED = 4
"""Candidates, at least, for each entry that may come, if the weight has so many."""


@dataclass(frozen=True)
class Moving:
    """Entries of one weight, which are trained."""

    entries: ir.Value
    places: ir.Value
    """A constant that says where in the weight they are, flat; it becomes a state."""
    whole: ir.Value
    """The weight with the entries in it, flat."""
    every: int
    """Updates in a round."""
    count: int
    """So many may move behind a round."""
    until: int
    """Updates until which that number falls to zero; 0: it stays."""
    seed: int

    @property
    def candidates(self) -> tuple[int, int]:
        """How many there are in a round, and how far apart."""
        (size,) = static_shape(self.whole)
        apart = max(1, size // (TRIED * self.count))
        return size // apart, apart


@dataclass
class _Looked:
    """What a step sees of the candidates of one weight."""

    moving: Moving
    candidates: Term
    sums: Term
    """The state: of their gradients, in this round."""
    seen: Term


class Growth:
    """The entries that move in a training step."""

    def __init__(self, w: Weaver, states: States, updates: Term, scale: LossScale) -> None:
        self._w, self._states, self._updates, self._scale = w, states, updates, scale
        self._looked: list[_Looked] = []
        self._rounds: dict[int, Term] = {}
        self._ends: dict[tuple[int, int], tuple[Term, Term]] = {}

    def look(self, graph: ir.Graph, moving: Sequence[Moving], slopes: Sequence[Term]) -> list[Term]:
        """Take the candidates' part of the gradients of whole weights; sums of its squares.

        That is done as soon as they are there, for they are large.
        """
        w, energies = self._w, []
        for m in moving:
            self._rounds.setdefault(m.every, self._updates / w.integer(m.every))
        graph.insert_before(graph[0], w.take())
        for m, slope in zip(moving, slopes, strict=True):
            self._states.train(m.places)
            candidates = self._candidates(m)
            seen = w.term("Gather", slope, candidates, axis=0)
            seen = self._scale.unscaled(seen.typed(candidates.shape, slope.dtype).cast(F32))
            name = f"{m.entries.name}/sums"
            sums = self._states.add(name, np.zeros(candidates.shape, np.float32))
            self._looked.append(_Looked(m, candidates, sums, seen))
            energies.append(w.term("ReduceSumSquare", seen, keepdims=0))
            graph.insert_after(_last_reader(graph, slope.value), w.take())
        return energies

    def finish(self, sound: Term, gate: Term) -> None:
        """Behind all updates: `gate` tells whether there was one, `sound` whether sums go on."""
        for looked in self._looked:
            m = looked.moving
            if (m.every, m.until) not in self._ends:
                self._ends[m.every, m.until] = self._end(m, gate)
            self._move(looked, sound, *self._ends[m.every, m.until])

    def _candidates(self, m: Moving) -> Term:
        w, (count, apart), (size,) = self._w, m.candidates, static_shape(m.whole)
        bound, seed = w.integer(size), signed(m.seed)
        first = w.term("ai.odl.Draw", self._rounds[m.every], bound, like=self._updates, seed=seed)
        places = w.array(np.arange(count, dtype=np.int32) * apart) + first
        return w.term("Mod", places, w.integer(size)).typed((count,), I32)

    def _end(self, m: Moving, gate: Term) -> tuple[Term, Term]:
        """Whether a round ends with this step, and whether entries move then."""
        w = self._w
        turn = w.term("Mod", self._updates, w.integer(m.every))
        ends = w.term("And", gate, w.term("Equal", turn, w.integer(m.every - 1)))
        moves = w.term("And", ends, self._updates < w.integer(m.until or LARGEST))
        moves.value.meta[SWITCH] = True  # what finds them is left out of other steps
        return ends, moves.typed((), BOOL)

    def _move(self, looked: _Looked, sound: Term, ends: Term, moves: Term) -> None:
        w, states, m = self._w, self._states, looked.moving
        total, places = looked.sums + looked.seen, w.given(m.places)
        (count,), (size,) = static_shape(m.entries), static_shape(m.whole)
        here = self._marked(size, places, self._booleans(True, count))
        learns = w.term("Gather", here, looked.candidates, axis=0)
        most, best = _extreme(w.where(learns, 0.0, total.apply("Abs")), m.count, largest=True)
        _, weakest = _extreme(states.next(m.entries).apply("Abs"), m.count, largest=False)
        comes = most > 0.0
        if m.until:
            share = 1.0 - self._updates.cast(F32) * (1 / m.until)
            ranks = w.array(np.arange(m.count, dtype=np.float32))
            comes = w.term("And", comes, ranks < share * float(m.count))
        new = w.term("Gather", looked.candidates, best, axis=0)
        old = w.term("Gather", places, weakest, axis=0)
        moved = w.where(comes, new, old)
        moved = w.term("ScatterElements", places, weakest, moved, like=places, axis=0)
        goes = self._marked(count, weakest, comes)
        for state in states.of(m.entries):
            states.amend(state, lambda value: w.where(moves, w.where(goes, 0.0, value), value))
        states.follow(places, w.where(moves, moved, places))
        kept = w.where(sound, total, looked.sums)
        states.follow(looked.sums, w.where(ends, 0.0, kept))

    def _marked(self, size: int, places: Term, marks: Term) -> Term:
        """Booleans [size], false but for marks in their places."""
        none = self._booleans(False, size)
        return self._w.term("ScatterElements", none, places, marks, like=none, axis=0)

    def _booleans(self, value: bool, size: int) -> Term:
        """So many of one kind, which are made rather than stored."""
        w = self._w
        made = w.term("Expand", w.array(np.array([value])), w.ints([size]))
        w.nodes[-1].meta[UNFOLDED] = True
        return made.typed((size,), BOOL)


def _last_reader(graph: ir.Graph, value: ir.Value) -> ir.Node:
    readers = {use.node for use in value.uses()}
    return next(node for node in reversed(graph) if node in readers)


def _extreme(x: Term, count: int, largest: bool) -> tuple[Term, Term]:
    """The largest or smallest, in order, and where they stand."""
    w = x.build
    found = w.term("TopK", x, w.ints([count]), axis=0, largest=int(largest))
    node = found.value.producer()
    assert node is not None
    node.resize_outputs(2)
    node.outputs[1].name = f"{found.value.name}.1"
    return found.typed((count,), F32), w.given(node.outputs[1])
