"""Less memory for more work: results that wait for a late reader are computed again before it.

Chen et al., Training Deep Nets with Sublinear Memory Cost (arXiv:1604.06174); values are chosen one
by one where memory is short, those with the most bytes for a multiply-accumulate first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import onnx_ir as ir

from odl.ops import lookup
from odl.ops.node import Node, constant_value, static_shape, value_dtype
from odl.plan.liveness import Storage, find_storages
from odl.plan.lower import Lowered, lower
from odl.target import Target

CHAIN = 16
"""Nodes, at most, that are computed again for one result."""
NEAR = (0.9, 0.0)
"""Shares of the peak above which all steps count, tried in this order: peaks come down one after
the other, or all that is above the budget at once."""
TRIALS = 8
"""Results that are tried, the best first, before the search gives up."""


@dataclass(frozen=True)
class Recomputed:
    """A result that no longer waits in memory."""

    name: str
    nbytes: int
    macs: int
    """Multiply-accumulates that this costs in each run."""
    peak: int
    """Bytes live at once, with this and all before it."""


@dataclass(frozen=True)
class _Candidate:
    value: ir.Value
    before: ir.Node
    """The first late reader."""
    chain: tuple[ir.Node, ...]
    """What is computed again, in order."""
    nbytes: int
    macs: int
    work: int
    """`macs`, and an operation for each element."""


def recompute(graph: ir.Graph, target: Target, states: int, budget: int) -> list[Recomputed]:
    """Change the graph until at most `budget` bytes are live at once, or nothing helps any more.

    Args:
        states: so many of the last inputs are state, of the last outputs their successors.
    """
    found: dict[float, int] = {}
    for near in NEAR:
        done, undo = _bring_down(graph, target, states, budget, near)
        found[near] = done[-1].peak if done else _Steps(graph, target, states).peak
        if found[near] <= budget:
            return done
        for back in reversed(undo):
            back()
    best = min(NEAR, key=found.__getitem__)
    return _bring_down(graph, target, states, budget, best)[0]


def _bring_down(
    graph: ir.Graph, target: Target, states: int, budget: int, near: float
) -> tuple[list[Recomputed], list[Callable[[], None]]]:
    """What was done to the graph, step by step, and what takes it back."""
    done: list[Recomputed] = []
    undone: list[Callable[[], None]] = []
    steps = _Steps(graph, target, states)
    while steps.peak > budget:
        level = max(budget, int(near * steps.peak))
        for candidate in _best(graph, steps, states):
            undo = _apply(graph, candidate)
            tried = _Steps(graph, target, states)
            if tried.excess(level) < steps.excess(level):
                steps = tried
                name, nbytes, macs = str(candidate.value.name), candidate.nbytes, candidate.macs
                done.append(Recomputed(name, nbytes, macs, steps.peak))
                undone.append(undo)
                break
            undo()
        else:
            break
    return done, undone


@dataclass(frozen=True)
class Trade:
    """Memory against work."""

    budget: int
    """Bytes that were asked for."""
    peak: int
    """Bytes live at once that were reached."""
    macs: int
    """Multiply-accumulates in each run that it costs."""


def trade(graph: ir.Graph, target: Target, states: int, shares: tuple[float, ...]) -> list[Trade]:
    """What budgets of these shares of the peak, and then of nothing, lead to; changes the graph."""
    whole = peak = _Steps(graph, target, states).peak
    found, macs = [], 0
    for share in (*shares, 0.0):
        budget = int(share * whole)
        done = recompute(graph, target, states, budget)
        peak = done[-1].peak if done else peak
        macs += sum(r.macs for r in done)
        found.append(Trade(budget, peak, macs))
        if peak > budget:
            break
    return found


class _Steps:
    """The live bytes of each step of the lowered graph."""

    def __init__(self, graph: ir.Graph, target: Target, states: int) -> None:
        lowered = lower(graph, target, states)
        self._lowered = lowered
        self._live = _profile(find_storages(lowered), len(lowered.calls))
        self.peak = max(self._live)

    def excess(self, level: int) -> int:
        """Byte-steps above a level."""
        return sum(max(0, n - level) for n in self._live)

    def nodes_at_peak(self) -> set[str]:
        """The names of the nodes that run while the most bytes are live."""
        calls: Lowered = self._lowered
        at = (i for i, n in enumerate(self._live) if n == self.peak)
        return {calls.calls[min(i, len(calls.calls) - 1)].node for i in at}


def _profile(storages: list[Storage], steps: int) -> list[int]:
    change = [0] * (steps + 2)
    for s in storages:
        change[s.first] += s.size
        change[s.last + 1] -= s.size
    live, total = [], 0
    for delta in change[:-1]:
        total += delta
        live.append(total)
    return live


def _best(graph: ir.Graph, steps: _Steps, states: int) -> list[_Candidate]:
    """What waits in memory at the first peak, the most rewarding first."""
    nodes = list(graph)
    order = {node: i for i, node in enumerate(nodes)}
    names = steps.nodes_at_peak()
    peak = next((i for i, node in enumerate(nodes) if Node(node).name in names), None)
    if peak is None:
        return []
    found = list(_candidates(graph, order, peak, states))
    found.sort(key=lambda c: (-c.nbytes / (1 + c.work), str(c.value.name)))
    return found[:TRIALS]


def _candidates(
    graph: ir.Graph, order: dict[ir.Node, int], peak: int, states: int
) -> Iterator[_Candidate]:
    replaced = _replaced(graph, order, states)
    kept = set(graph.outputs)
    for node in graph:
        if order[node] >= peak:
            return
        for value in node.outputs:
            readers = sorted(order[use.node] for use in value.uses())
            late = [i for i in readers if i > peak]
            if not late or peak in readers or value in kept or value.shape is None:
                continue
            at = late[0]
            chain = _chain(value, at, order, replaced)
            if chain is None:
                continue
            macs = sum(lookup(Node(n)).macs(Node(n)) for n in chain)
            elements = sum(_bytes(v) for n in chain for v in n.outputs[:1])
            before = next(n for n, i in order.items() if i == at)
            yield _Candidate(value, before, chain, _bytes(value), macs, macs + elements)


def _replaced(graph: ir.Graph, order: dict[ir.Node, int], states: int) -> dict[ir.Value, int]:
    """Where each state gets its next value, behind which the old one cannot be read."""
    if not states:
        return {}
    found = {}
    for old, new in zip(graph.inputs[-states:], graph.outputs[-states:], strict=True):
        node = new.producer()
        if node is not None:
            found[old] = order[node]
    return found


def _chain(
    value: ir.Value, at: int, order: dict[ir.Node, int], replaced: dict[ir.Value, int]
) -> tuple[ir.Node, ...] | None:
    """The nodes that make `value` again from what is there at position `at` anyway."""
    wanted, chain = [value], set[ir.Node]()
    while wanted:
        node = wanted.pop().producer()
        if node is None or node in chain:
            continue
        chain.add(node)
        if len(chain) > CHAIN:
            return None
        for source in node.inputs:
            if source is None or constant_value(source) is not None:
                continue
            if source.producer() is None:
                if replaced.get(source, at) < at:
                    return None
            elif not any(order[use.node] >= at for use in source.uses()):
                wanted.append(source)
    return tuple(sorted(chain, key=order.__getitem__))


def _bytes(value: ir.Value) -> int:
    size = value_dtype(value).size
    for n in static_shape(value):
        size *= n
    return size


def _apply(graph: ir.Graph, candidate: _Candidate) -> Callable[[], None]:
    """Insert the chain again before the late reader, which reads it with all that follow.

    Returns:
        what takes it back.
    """
    nodes = list(graph)
    late = set(nodes[nodes.index(candidate.before) :])
    names = {str(v.name) for v in ir.convenience.create_value_mapping(graph).values()}
    names |= {str(node.name) for node in nodes}
    new: dict[ir.Value, ir.Value] = {}
    copies = []
    for node in candidate.chain:
        copy = _copy(node, new, names)
        new.update(zip(node.outputs, copy.outputs, strict=True))
        copies.append(copy)
    graph.insert_before(candidate.before, copies)
    moved = []
    for old, again in new.items():
        for use in list(old.uses()):
            if use.node in late:
                use.node.replace_input_with(use.idx, again)
                moved.append((use.node, use.idx, old))

    def undo() -> None:
        for node, i, old in moved:
            node.replace_input_with(i, old)
        graph.remove(copies, safe=True)

    return undo


def _copy(node: ir.Node, new: dict[ir.Value, ir.Value], names: set[str]) -> ir.Node:
    """The node once more, on what is `new` of its inputs."""
    copy = ir.node(
        node.op_type,
        [new.get(v, v) if v is not None else None for v in node.inputs],
        attributes=dict(node.attributes.items()),
        domain=node.domain,
        num_outputs=len(node.outputs),
        name=_again(str(node.name), names),
    )
    for old, value in zip(node.outputs, copy.outputs, strict=True):
        value.name = _again(str(old.name), names) if old.name else ""
        value.shape, value.type = old.shape, old.type
    copy.metadata_props.update(node.metadata_props)  # its condition
    return copy


def _again(name: str, names: set[str]) -> str:
    """NAME/again, or with a number where somebody has that."""
    base = re.sub(r"/again\d*$", "", name) + "/again"
    chosen, n = base, 2
    while chosen in names:
        chosen, n = f"{base}{n}", n + 1
    names.add(chosen)
    return chosen
