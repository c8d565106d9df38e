"""LSTM, GRU and RNN: one call (or two) for each time step, so that all cores share every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.dtype import F32
from odl.ops.foreign import Builder
from odl.ops.linear import Linear
from odl.ops.node import Node
from odl.ops.operator import Arrays, Operator
from odl.ops.recurrent_kernels import gru_gates, gru_update, lstm, rnn
from odl.ops.recurrent_math import (
    ACTIVATIONS,
    Cell,
    State,
    Tracked,
    gru_step,
    lstm_step,
    rnn_step,
    unroll,
)
from odl.ops.recurrent_unrolled import GRU, GRU_LINEAR, LSTM, RNN, Kind, Sequences
from odl.ops.recurrent_unrolled import unroll as unroll_node
from odl.ops.wide import FLOATS
from odl.program import Call, Kernel

Array = npt.NDArray[Any]
STEPS = 8192
"""Each is a call of its own, or two."""
NUMBERS = {name: i for i, name in enumerate(ACTIVATIONS)}


class Recurrent(Operator):
    """The family: shapes, attributes and the walk over time; subclasses say what a step is.

    The state is kept in single precision beside the outputs, as scratch memory of the node: twice
    [directions, batch, hidden] for h, and what the kind needs besides.
    """

    attributes = (
        "activations", "clip", "direction", "hidden_size", "input_forget", "layout",
        "linear_before_reset",
    )  # fmt: skip
    constant_inputs = (4,)
    dtypes = FLOATS
    unrolls = True
    note = f"activations {', '.join(ACTIVATIONS)}; whole sequences"
    defaults: ClassVar[tuple[str, ...]]
    """Activations of one direction."""
    flag: ClassVar[str] = ""
    """The attribute that `Cell.flag` stands for."""
    initial: ClassVar[tuple[int, ...]] = (5,)
    """The inputs that hold the states before the first step."""

    def advance(self, cell: Cell, x: Tracked, state: State) -> State:
        """The states behind one step; the first of them is h."""
        raise NotImplementedError

    def kind(self, node: Node) -> Kind:
        """How it is unrolled."""
        raise NotImplementedError

    # --- what the node says ---

    def _directions(self, node: Node) -> list[bool]:
        """Whether each direction runs backwards."""
        kinds = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
        given = node.attr("direction", "forward")
        if given not in kinds:
            raise node.refuse(f"direction '{given}'", f"supported: {', '.join(kinds)}")
        return kinds[given]

    def _activations(self, node: Node) -> list[tuple[str, ...]]:
        """Of each direction."""
        count, size = len(self._directions(node)), len(self.defaults)
        given = tuple(node.attr("activations", ())) or self.defaults * count
        if len(given) != size * count or any(a not in ACTIVATIONS for a in given):
            known = ", ".join(ACTIVATIONS)
            raise node.refuse(f"activations {', '.join(given)}", f"{size} a direction of {known}")
        return [given[d * size : (d + 1) * size] for d in range(count)]

    def _sizes(self, node: Node) -> tuple[int, int, int, int]:
        """Steps, batch, inputs and hidden units."""
        if len(node.shape(0)) != 3 or len(node.shape(2)) != 3:
            raise node.refuse("an input or weights that do not have 3 dimensions")
        a, b, inputs = node.shape(0)
        steps, batch = (b, a) if node.attr("layout", 0) else (a, b)
        return steps, batch, inputs, node.shape(2)[2]

    def check(self, node: Node) -> None:
        self._activations(node)
        self._check_shapes(node)
        if node.has(4) and (node.const(4, "sequence_lens") != self._sizes(node)[0]).any():
            raise node.refuse("sequences of different lengths", "leave sequence_lens away")
        if node.attr("clip", 0.0) < 0:
            raise node.refuse(f"clip {node.attr('clip', 0.0)}", "it must not be negative")
        if node.attr("layout", 0) and (node.wants(1) or node.wants(2) or node.has(5)):
            raise node.refuse("states with layout 1", "use layout 0, or Y alone")
        if node.has(6) and node.dtype(6) is not node.dtype(0):
            raise node.refuse(f"states in {node.dtype(6)}", f"give them {node.dtype(0)}")

    def _check_shapes(self, node: Node) -> None:
        """ONNX's inference looks at the ranks of some of them."""
        steps, batch, inputs, hidden = self._sizes(node)
        count, rows = len(self._directions(node)), self.kind(node).gates * hidden
        wanted = {
            1: (count, rows, inputs),
            2: (count, rows, hidden),
            3: (count, 2 * rows),
            5: (count, batch, hidden),
            6: (count, batch, hidden),
            7: (count, 3 * hidden),
        }
        for i, shape in wanted.items():
            if node.has(i) and node.shape(i) != shape and not (i > 3 and node.attr("layout", 0)):
                raise node.refuse(f"input {i} of shape {list(node.shape(i))}, not {list(shape)}")
        if steps > STEPS:
            raise node.refuse(f"{steps} steps", f"at most {STEPS}")

    # --- calls ---

    def _common(self, node: Node) -> dict[str, Any]:
        """The arguments that every kind has and no step changes."""
        steps, batch, inputs, hidden = self._sizes(node)
        backward = self._directions(node)
        directions = len(backward)
        major = (1, steps) if node.attr("layout", 0) else (batch, 1)
        y = (directions * batch * hidden, batch * hidden, hidden)
        if node.attr("layout", 0):
            y = (directions * hidden, hidden, steps * directions * hidden)
        shape = (2, directions, batch, hidden)
        return {
            "x": node.input(0),
            "w": node.input(1),
            "r": node.input(2),
            "b": node.optional(3),
            "h0": node.optional(5),
            "h": node.new_scratch("h", F32, shape),
            "steps": steps,
            "batch": batch,
            "inputs": inputs,
            "hidden": hidden,
            "directions": directions,
            "backward": sum(1 << d for d, back in enumerate(backward) if back),
            "x_stride": tuple(n * inputs for n in major),
            "y_stride": y,
            "activations": tuple(NUMBERS[a] for part in self._activations(node) for a in part),
            "y": node.output() if node.wants(0) else None,
            "clip": node.attr("clip", 0.0),
        }

    def _calls(self, node: Node, kernels: tuple[Kernel, ...], **more: Any) -> list[Call]:
        common = {**self._common(node), **more}
        calls = []
        for step in range(common["steps"]):
            last = step == common["steps"] - 1
            ends = {"y_h": 1, "y_c": 2}
            out = {k: node.output(i) if last and node.wants(i) else None for k, i in ends.items()}
            for kernel in kernels:
                known = {**common, **out, "step": step}
                calls.append(Call(kernel, str(node.dtype()), {k: known[k] for k in kernel.fields}))
        return calls

    def macs(self, node: Node) -> int:
        steps, batch, inputs, hidden = self._sizes(node)
        return steps * batch * len(self._directions(node)) * node.shape(1)[1] * (inputs + hidden)

    # --- training ---

    def trainables(self, node: Node) -> dict[int, str]:
        return {1: "weight", 2: "weight", 3: "bias", 7: "weight"}

    def linear(self, node: Node, i: int) -> Linear | None:
        if i not in (1, 2):
            return None
        directions, rows, columns = node.shape(i)
        return Linear(directions, rows, columns)

    def unrolled(self, b: Builder, node: Node) -> Sequence[ir.Value | None]:
        said = Sequences(
            *self._sizes(node),
            self._directions(node),
            self._activations(node),
            self.initial,
            node.attr("input_forget", 0),
            node.attr("clip", 0.0),
            bool(node.attr("layout", 0)),
        )
        return unroll_node(b, node, self.kind(node), said)

    # --- meaning and error ---

    def run(self, node: Node, x: Arrays, u: float) -> tuple[Tracked, list[Tracked]]:
        """Y [steps, directions, batch, hidden] and the last states, with errors for roundoff u."""
        given = iter(x)
        values = {i: next(given) for i in range(len(node.ir.inputs)) if node.has(i)}
        directions, hidden = self._directions(node), values[2].shape[2]
        gates = values[1].shape[1] // hidden
        sequence = values[0]
        if node.attr("layout", 0):
            sequence = np.swapaxes(sequence, 0, 1)
        cells, states = [], []
        for d, names in enumerate(self._activations(node)):
            cells.append(
                Cell(
                    values[1][d],
                    values[2][d],
                    values[3][d] if 3 in values else np.zeros(2 * gates * hidden),
                    values[7][d] if 7 in values else np.zeros(3 * hidden),
                    names,
                    node.attr("clip", 0.0),
                    node.attr(self.flag, 0) if self.flag else 0,
                    u,
                )
            )
            none = np.zeros((sequence.shape[1], hidden))
            states.append(
                tuple(Tracked.exact(values[i][d] if i in values else none) for i in self.initial)
            )
        return unroll(self.advance, cells, sequence, states, directions)

    def outputs(self, node: Node, y: Array, ends: list[Array]) -> Arrays:
        """What `run` gives, as ONNX lays it out."""
        if node.attr("layout", 0):
            return [np.transpose(y, (2, 0, 1, 3)), *(np.swapaxes(e, 0, 1) for e in ends)]
        return [y, *ends]

    def bound(self, node: Node, x: Arrays, y: Arrays, u: float) -> Arrays:
        whole, ends = self.run(node, x, u)
        return self.outputs(node, whole.error, [e.error for e in ends])[: len(y)]


class Lstm(Recurrent):
    """Hochreiter and Schmidhuber, 1997, with forget gate and peepholes (Gers, 2002)."""

    op_types = ("LSTM",)
    kernels = (lstm,)
    defaults = ("Sigmoid", "Tanh", "Tanh")
    flag = "input_forget"
    initial = (5, 6)

    def advance(self, cell: Cell, x: Tracked, state: State) -> State:
        return lstm_step(cell, x, state)

    def kind(self, node: Node) -> Kind:
        return LSTM

    def lower(self, node: Node) -> list[Call]:
        _, batch, _, hidden = self._sizes(node)
        shape = (len(self._directions(node)), batch, hidden)
        return self._calls(
            node,
            (lstm,),
            peephole=node.optional(7),
            c0=node.optional(6),
            c=node.new_scratch("c", F32, shape),
            input_forget=node.attr("input_forget", 0),
        )


class Gru(Recurrent):
    """Cho et al., 2014 (arXiv:1406.1078)."""

    op_types = ("GRU",)
    kernels = (gru_gates, gru_update)
    defaults = ("Sigmoid", "Tanh")
    flag = "linear_before_reset"

    def advance(self, cell: Cell, x: Tracked, state: State) -> State:
        return gru_step(cell, x, state)

    def kind(self, node: Node) -> Kind:
        return GRU_LINEAR if node.attr("linear_before_reset", 0) else GRU

    def lower(self, node: Node) -> list[Call]:
        _, batch, _, hidden = self._sizes(node)
        shape = (2, len(self._directions(node)), batch, hidden)
        return self._calls(
            node,
            (gru_gates, gru_update),
            gates=node.new_scratch("gates", F32, shape),
            linear_before_reset=node.attr("linear_before_reset", 0),
        )


class Rnn(Recurrent):
    """Elman, 1990."""

    op_types = ("RNN",)
    kernels = (rnn,)
    defaults = ("Tanh",)

    def advance(self, cell: Cell, x: Tracked, state: State) -> State:
        return rnn_step(cell, x, state)

    def kind(self, node: Node) -> Kind:
        return RNN

    def lower(self, node: Node) -> list[Call]:
        return self._calls(node, (rnn,))
