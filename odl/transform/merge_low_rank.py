"""W x + L (R x) becomes (W + L R) x where that takes fewer multiply-accumulates.

Both halves of a training step are rewritten so: a layer with an adapter, and the gradient of its
input, W^T dy + R^T (L^T dy). R x and L^T dy stay where gradients of factors read them. A merged
weight is made where it is read, once for each reader, so that none waits in memory; it is the same
in both halves, bit for bit.

In half precision W + L R is formed of the same rounded factors as L (R x): first the sum over the
rank, then W is added, and the result is rounded once more. Single precision would change that by
little, for the last rounding is the largest, and would cost casts of the whole weight. A change
below half a unit in the last place of an element of W is lost in the product until it has grown;
so it would be in y, whose elements are rounded to the same relative precision. It does grow
meanwhile: the gradients of the factors do not pass through W + L R, and masters are single.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from odl.ops import registry
from odl.ops.linear import Applied
from odl.ops.node import Node, constant_value, static_shape
from odl.ops.operator import product
from odl.transform.quantisers import Editor, alone, is_a

CHAIN = 4
"""The most nodes that stand for factors."""


def merge_low_rank(model: ir.Model) -> ir.Model:
    """Rewrite every sum of a product and a chain of products with the same operand."""
    merger = _Merger(model.graph)
    for node in list(model.graph):
        if node.graph is not None:  # it has not been merged
            merger.try_chain(node)
    model.opset_imports.setdefault("ai.odl", 1)
    return model


@dataclass
class _Chain:
    """Products one behind the other, the last one first, and what else stands between them."""

    nodes: list[ir.Node] = field(default_factory=list)
    views: list[Applied] = field(default_factory=list)
    between: list[ir.Node] = field(default_factory=list)
    """Multiplications by a number."""
    scale: float = 1.0

    @property
    def source(self) -> ir.Value:
        value = self.nodes[-1].inputs[0]
        assert value is not None
        return value

    @property
    def factors(self) -> list[ir.Value]:
        """In the order in which they are multiplied."""
        found = [v for node in self.nodes if (v := node.inputs[1]) is not None]
        return found if self.views[0].turned else found[::-1]


@dataclass(frozen=True)
class _Meeting:
    """Where the chain's result and that of the plain product are added."""

    last: ir.Node
    """The Add that takes the chain's result, or the chain's last node, which adds the other."""
    plain: ir.Node
    """The node that takes that of the plain product."""


class _Merger:
    def __init__(self, graph: ir.Graph) -> None:
        self._graph, self._edit = graph, Editor(graph)
        self._order = {node: float(i) for i, node in enumerate(graph)}
        count = sum(v.is_initializer() for v in graph.inputs)
        states = zip(graph.inputs[-count:], graph.outputs[-count:], strict=True) if count else ()
        self._next = {old: new.producer() for old, new in states}

    def try_chain(self, last: ir.Node) -> None:
        """Merge the chain that ends in a node, if there is one and it pays."""
        for chain in _chains(last):
            for plain in sorted({u.node for u in chain.source.uses()}, key=self._order.__getitem__):
                meeting = self._meeting(chain, plain)
                if meeting is not None and self._pays(chain, plain):
                    self._merge(chain, plain, meeting)
                    return

    def _meeting(self, chain: _Chain, plain: ir.Node) -> _Meeting | None:
        view = _applied(plain)
        if view is None or plain in chain.nodes or plain.inputs[0] is not chain.source:
            return None
        first, last = chain.views[-1], chain.views[0]
        windows = [v.window for v in (chain.views if view.turned else chain.views[::-1])]
        fits = (first if view.turned else last).columns == view.columns
        fits &= (last if view.turned else first).rows == view.rows
        fits &= windows[-1] == view.window and not any(windows[:-1])
        if not fits or view.turned != last.turned or _op(plain) != _op(chain.nodes[0]):
            return None
        ends = chain.nodes[0].inputs[last.bias :]
        if any(v is not None for v in ends):
            inside = ends[0] is plain.outputs[0] and alone(ends[0])
            return _Meeting(chain.nodes[0], chain.nodes[0]) if inside else None
        ours, others = list(_sums(chain.nodes[0].outputs[0])), list(_sums(plain.outputs[0]))
        if not ours or not others or ours[-1] is not others[-1]:
            return None
        add, other = ours[0], _beside(ours[0], chain.nodes[0].outputs[0])
        takes_name = other.producer() is not None and alone(other)
        if add is not others[0] and add.outputs[0].is_graph_output() and not takes_name:
            return None
        return _Meeting(add, others[0])

    def _pays(self, chain: _Chain, plain: ir.Node) -> bool:
        gone: set[ir.Node] = set()
        for node in sorted([*chain.nodes, *chain.between], key=lambda n: -self._order[n]):
            readers = {u.node for v in node.outputs for u in v.uses()}
            if node is not chain.nodes[0] and not readers <= gone:
                break
            gone.add(node)
        saved = sum(_macs(node) for node in gone)
        if all(constant_value(v) is not None for v in (*chain.factors, plain.inputs[1]) if v):
            return True
        return saved > _cost([_matrix(v) for v in chain.factors])

    def _merge(self, chain: _Chain, plain: ir.Node, meeting: _Meeting) -> None:
        weight, bias = plain.inputs[1], plain.inputs[2:]
        assert weight is not None
        makers = [v.producer() for v in (*chain.factors, weight)]
        known = (m for m in makers if m is not None and m.inputs)
        place = max((plain, *known), key=self._order.__getitem__)
        if self._order[meeting.plain] <= self._order[place]:
            return
        behind = next((n for n in self._graph if self._order[n] > self._order[place]), None)
        assert behind is not None
        early = self._before_updates(chain.factors, behind)
        merged = self._merged(weight, chain, early)
        made = self._edit.before(
            behind, _op(plain), [chain.source, merged, *bias], f"{Node(plain).name}/merged",
            {k: a.value for k, a in plain.attributes.items()},
        )  # fmt: skip
        self._order[made] = self._order[place]
        made.name, result = plain.name, made.outputs[0]
        if meeting.last is meeting.plain:
            self._edit.stand_in(meeting.last.outputs[0], result)
            self._graph.remove(plain, safe=True)
        else:
            self._edit.stand_in(plain.outputs[0], result)
            other = _beside(meeting.last, chain.nodes[0].outputs[0])
            if meeting.last.outputs[0].is_graph_output():
                self._edit.stand_in(meeting.last.outputs[0], other)
            else:
                meeting.last.outputs[0].replace_all_uses_with(other)
                self._graph.remove(meeting.last, safe=True)
        for node in sorted([*chain.nodes, *chain.between], key=lambda n: -self._order[n]):
            if not any(v.uses() or v.is_graph_output() for v in node.outputs) and node.graph:
                self._graph.remove(node, safe=True)

    def _before_updates(self, factors: list[ir.Value], place: ir.Node) -> ir.Node:
        """The place, or an earlier one at which none of the factors has got its next value."""
        updates = [n for v in factors if (n := self._next.get(v)) is not None]
        return min([place, *updates], key=self._order.__getitem__)

    def _merged(self, weight: ir.Value, chain: _Chain, place: ir.Node) -> ir.Value:
        """The weight with the change, in front of `place`."""
        factors = [self._own(place, v) for v in chain.factors]
        name = f"{weight.name}/merged"
        if chain.scale != 1:
            least = min(range(len(factors)), key=lambda i: product(static_shape(factors[i])))
            number = np.array(chain.scale, factors[least].dtype.numpy())  # type: ignore[union-attr]
            inputs = [factors[least], self._edit.constant(f"{name}/scale", number)]
            factors[least] = self._made(place, "Mul", inputs, f"{name}/scaled", factors[least])
        while len(factors) > 2:
            i = _cheapest([_matrix(v) for v in factors])
            factors[i : i + 2] = [self._product(place, factors[i], factors[i + 1], name)]
        return self._made(place, "ai.odl.AddLowRank", [weight, *factors], name, weight)

    def _own(self, place: ir.Node, factor: ir.Value) -> ir.Value:
        """The factor; one that a node makes of nothing is made once more, and need not wait."""
        maker = factor.producer()
        if maker is None or maker.inputs:
            return factor
        attributes = {k: a.value for k, a in maker.attributes.items()}
        made = self._edit.before(place, _op(maker), [], str(factor.name), attributes)
        made.name = str(made.outputs[0].name)
        made.meta.update(maker.meta)
        assert factor.shape is not None
        return self._typed(made, factor.shape, factor, place)

    def _product(self, place: ir.Node, a: ir.Value, b: ir.Value, name: str) -> ir.Value:
        made = self._edit.before(place, "ai.odl.FactorProduct", [a, b], f"{name}/factors")
        shape = ir.Shape((static_shape(a)[0], *static_shape(b)[1:]))
        return self._typed(made, shape, a, place)

    def _made(
        self, place: ir.Node, op: str, inputs: list[ir.Value], name: str, like: ir.Value
    ) -> ir.Value:
        made = self._edit.before(place, op, [*inputs], name)
        assert like.shape is not None
        return self._typed(made, like.shape, like, place)

    def _typed(self, node: ir.Node, shape: ir.Shape, like: ir.Value, place: ir.Node) -> ir.Value:
        self._order[node] = self._order[place] - 0.5
        value = node.outputs[0]
        value.shape, value.type = shape, ir.TensorType(like.dtype)  # type: ignore[arg-type]
        return value


def _chains(last: ir.Node) -> Iterator[_Chain]:
    """Chains of two products and more that end in a node, the shortest first."""
    chain, node = _Chain(), last
    while len(chain.nodes) < CHAIN and (view := _applied(node)) is not None:
        if chain.nodes and (view.turned != chain.views[0].turned or _has_bias(node, view)):
            return
        chain.nodes.append(node)
        chain.views.append(view)
        if len(chain.nodes) > 1:
            yield chain
        before = chain.source.producer()
        while before is not None and (factor := _factor(before)) is not None:
            chain.between.append(before)
            chain.scale *= factor
            before = _other(before).producer()
        if before is None:
            return
        node = before


def _op(node: ir.Node) -> str:
    return Node(node).op


def _has_bias(node: ir.Node, view: Applied) -> bool:
    return any(v is not None for v in node.inputs[view.bias :])


def _applied(node: ir.Node) -> Applied | None:
    view = Node(node)
    operator = registry().get(view.op)
    return operator.applied(view) if operator is not None else None


def _factor(node: ir.Node) -> float | None:
    """The number by which a node multiplies its other operand."""
    if not is_a(node, "Mul"):
        return None
    for value in node.inputs:
        number = constant_value(value) if value is not None else None
        if number is not None and number.size == 1 and static_shape(_other(node)):
            return float(number.ravel()[0])
    return None


def _other(node: ir.Node) -> ir.Value:
    """The operand of a multiplication that is no constant, if there is one."""
    values = [v for v in node.inputs if v is not None]
    return next((v for v in values if constant_value(v) is None), values[0])


def _sums(value: ir.Value) -> Iterator[ir.Node]:
    """The additions of tensors of one shape through which a value goes, and it alone."""
    while alone(value):
        add = next(iter(value.uses())).node
        if not is_a(add, "Add") or any(v is None or v.shape != value.shape for v in add.inputs):
            return
        yield add
        value = add.outputs[0]


def _beside(add: ir.Node, value: ir.Value) -> ir.Value:
    """The other operand."""
    found = next(v for v in add.inputs if v is not value)
    assert found is not None
    return found


def _macs(node: ir.Node) -> int:
    view = Node(node)
    operator = registry().get(view.op)
    return operator.macs(view) if operator is not None else 0


def _matrix(value: ir.Value) -> tuple[int, int]:
    rows, *columns = static_shape(value)
    return rows, product(tuple(columns))


def _cheapest(shapes: list[tuple[int, int]]) -> int:
    """Which of several matrices to multiply by the next one first."""
    return min(range(len(shapes) - 1), key=lambda i: shapes[i][0] * product(shapes[i + 1]))


def _cost(shapes: list[tuple[int, int]]) -> int:
    """Multiply-accumulates of the product of all."""
    total, shapes = 0, list(shapes)
    while len(shapes) > 1:
        i = _cheapest(shapes)
        (rows, inner), (_, columns) = shapes[i : i + 2]
        total += rows * inner * columns
        shapes[i : i + 2] = [(rows, columns)]
    return total
