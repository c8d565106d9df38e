"""State: what one training step leaves to the next, as inputs and outputs of its graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from odl.ops.node import constant_value
from odl.ops.weave import Term, Weaver


def count_states(graph: ir.Graph) -> int:
    """The states of a training step: inputs, the last ones, that have a first value."""
    return sum(v.is_initializer() for v in graph.inputs)


def add_state(graph: ir.Graph, name: str, first: np.ndarray) -> ir.Value:
    """A new state: an input with a first value, which `States.follow` gives a successor."""
    value = ir.Value(name=name, const_value=ir.tensor(first, name=name))
    value.shape, value.type = ir.Shape(first.shape), ir.TensorType(value.const_value.dtype)  # type: ignore[union-attr]
    graph.register_initializer(value)
    graph.inputs.append(value)
    return value


class States:
    """The tensors that live from step to step, each with its first value and its successor."""

    def __init__(self, graph: ir.Graph, weaver: Weaver) -> None:
        self._graph, self._weaver = graph, weaver
        self._next: dict[ir.Value, ir.Value] = {}

    def train(self, value: ir.Value) -> Term:
        """A constant of the graph becomes state; its value is the first one."""
        assert constant_value(value) is not None
        self._graph.inputs.append(value)
        return self._weaver.given(value)

    def add(self, name: str, first: np.ndarray) -> Term:
        """A new state."""
        return self._weaver.given(add_state(self._graph, name, first))

    def moment(self, weight: Term, name: str) -> Term:
        """A new state of the shape of a weight, of zeros at first."""
        return self.add(f"{weight.value.name}/{name}", np.zeros(weight.shape, np.float32))

    def follow(self, old: Term, new: Term) -> None:
        """`new` is what `old` is in the next step."""
        new.value.name = f"{old.value.name}/next"
        new.value.shape, new.value.type = old.value.shape, old.value.type
        self._next[old.value] = new.value

    def of(self, weight: ir.Value) -> list[ir.Value]:
        """A weight, and the states that are kept for each of its elements."""
        begins = f"{weight.name}/"
        return [
            v for v in self._next
            if v is weight or (str(v.name).startswith(begins) and v.shape == weight.shape)
        ]  # fmt: skip

    def amend(self, old: ir.Value, change: Callable[[Term], Term]) -> None:
        """What a state is in the next step becomes a function of that."""
        made = self.next(old)
        made.value.name = f"{old.name}/before"
        self.follow(self._weaver.given(old), change(made))

    def next(self, old: ir.Value) -> Term:
        """What a state will be in the next step."""
        return self._weaver.given(self._next[old])

    def finish(self) -> int:
        """Make the successors outputs, in the order of the inputs; how many there are.

        They are the last outputs of the graph, as the states are its last inputs.
        """
        states = [v for v in self._graph.inputs if v in self._next]
        others = [v for v in self._graph.inputs if v not in self._next]
        self._graph.inputs[:] = [*others, *states]
        self._graph.outputs.extend(self._next[v] for v in states)
        return len(states)
