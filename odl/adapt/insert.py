"""The layers of a plan become chains of factors: y = rows (W x + scale L M R x) + b, as ONNX nodes.

No weight is made anew here, but where single entries are added to it: a later pass,
odl/transform/merge_low_rank.py, does so where that is less work.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.adapt.chain import Blocks, Columns, Factor
from odl.adapt.choose import Layer, Plan
from odl.adapt.record import PLACES, Record, write_records
from odl.adapt.remake import note
from odl.adapt.uses import Use, uses
from odl.errors import Unsupported
from odl.ops.node import static_shape
from odl.ops.weave import Term, Weaver

Array = npt.NDArray[Any]

FACTOR_OF = "odl.factor_of"
"""In `meta` of a constant: the weight that it is a factor of."""

MOVED = "odl.moved"
"""In `meta` of entries that move: where they are, the flat weight with them, and how they move."""


def adapt(model: ir.Model, plan: Plan, half: bool) -> list[ir.Value]:
    """Rewrite the layers of the plan; what is trained then: parameters and new factors.

    Args:
        half: whether the graph will be turned to half precision, in which a layer is to start as
            it was.
    """
    trained, records = list(plan.selected), []
    for layer in plan.layers:
        inserted = _Inserted(model.graph, layer, half)
        trained += inserted.trained
        records.append(inserted.record)
    write_records(model, records)
    return trained


class _Inserted:
    """One layer; `trained` are its new constants that learn."""

    def __init__(self, graph: ir.Graph, layer: Layer, half: bool) -> None:
        self.graph, self.layer, self.half = graph, layer, half
        self.trained: list[ir.Value] = []
        weight, chain = layer.parameter.value, layer.chain
        self.name = f"{weight.name}/{self.layer.method.name}"
        found = uses(weight, self.layer.linear)
        if not found:
            raise Unsupported(
                f"'{self.layer.method.name}' does not see how it is used",
                where=f"weight '{weight.name}'",
                advice="leave its layer away with layers=",
            )
        start = chain.start(self.half)
        self.factors = {k: self._factor(k, f.trained, start[k]) for k, f in chain.stored.items()}
        self._store_base(weight)
        if chain.entries is not None:
            self._add_entries(weight)
        for use in found:
            self._weave(use)
        _drop_unread(self.graph, weight, {use.node for use in found})
        names = {k: str(v.name) for k, v in self.factors.items()}
        self.record = Record.of(self.layer, names)

    def _factor(self, role: str, trained: bool, values: Array) -> ir.Value:
        linear, chain = self.layer.linear, self.layer.chain
        if role in ("rows", "steps"):
            values = linear.vector(values)
        elif role != "entries":
            taps = role == "right" or (role == "left" and chain.implicit)
            values = linear.array(values, taps)
        value = _constant(self.graph, f"{self.name}/{role}", values.astype(np.float32))
        factor = chain.stored[role]
        if isinstance(factor, Factor) and factor.again is not None:
            order = linear.array(np.arange(values.size).reshape(factor.values.shape))
            note(value, factor.again, order)
        if trained:
            value.meta[FACTOR_OF] = self.layer.parameter.value
            self.trained.append(value)
        return value

    def _store_base(self, weight: ir.Value) -> None:
        """The frozen part takes the weight's place."""
        layer = self.layer
        base = layer.chain.base(layer.given.weight, layer.linear.channels, self.half)
        stored = layer.linear.array(base)
        if layer.chain.codes is None:
            stored = stored.astype(np.float32)
        else:
            stored = layer.chain.codes.packed(stored)
        weight.const_value = ir.tensor(stored, name=str(weight.name))
        weight.type = ir.TensorType(weight.const_value.dtype)

    def _add_entries(self, weight: ir.Value) -> None:
        """Who read the weight reads the sum from now on."""
        entries, linear = self.layer.chain.entries, self.layer.linear
        assert entries is not None
        shape, readers = static_shape(weight), list(weight.uses())
        places = linear.matrix(np.arange(int(np.prod(shape))).reshape(shape)).ravel()[entries.at]
        w = Weaver(self.name, self.name, None)
        flat = w.given(weight).reshape([-1])
        added = w.given(self.factors["entries"])
        if entries.moves is None:
            index = w.array(places.astype(np.int64)[:, None])
            whole = w.term("ScatterND", flat, index, added, reduction="add")
        else:
            state = _constant(self.graph, f"{self.name}/{PLACES}", places.astype(np.int32))
            whole = w.term("ScatterElements", flat, w.given(state), added, axis=0, reduction="add")
            self.factors[PLACES] = state
            added.value.meta[MOVED] = (state, whole.value, entries.moves)
        total = whole.reshape(shape)
        total.value.shape, total.value.type = weight.shape, weight.type
        w.finish(self.graph, before=self.graph[0])
        for user, i in readers:
            user.replace_input_with(i, total.value)

    def _weave(self, use: Use) -> None:
        node, old, chain = use.node, use.node.outputs[0], self.layer.chain
        readers, w = list(old.uses()), Weaver(f"{node.name}/adapter", f"{old.name}/adapter", None)
        x = node.inputs[0]
        assert x is not None
        replaced = chain.rows is not None or chain.codes is not None
        if chain.rows is not None:
            new = self._scaled(w, use, w.given(x))
        elif chain.left is not None:
            base = self._coded(w, use, w.given(x)) if replaced else w.given(old)
            new = self._plus(w, use, w.given(x), base)
        else:
            return
        outputs = [i for i, v in enumerate(self.graph.outputs) if v is old]
        for value in w.initializers:
            value.name = _free(self.graph, str(value.name))
            self.graph.register_initializer(value)
        w.initializers = []
        self.graph.insert_after(node, w.take())
        for user, i in readers:
            user.replace_input_with(i, new.value)
        for i in outputs:
            self.graph.outputs[i] = new.value
        name, old.name = old.name, f"{old.name}/frozen"
        new.value.name, new.value.shape, new.value.type = name, old.shape, ir.TensorType(old.dtype)  # type: ignore[arg-type]
        if replaced:
            self.graph.remove(node, safe=True)

    def _part(self, w: Weaver, use: Use, role: str) -> Term:
        """A factor as the node takes it: whole, or the rows of its group."""
        term = w.given(self.factors[role])
        if use.rows is None:
            return term
        first, last = use.rows
        if role in ("core", "right"):
            height = term.shape[1]
            first, last = use.group * height, (use.group + 1) * height
        flat = term.reshape([term.shape[0] * term.shape[1], *term.shape[2:]])
        if last - first < term.shape[0] * term.shape[1]:
            flat = w.term("Slice", flat, w.ints([first]), w.ints([last]), w.ints([0]))
        return flat if role == "rows" else use.linear.as_stored(flat)

    def _plus(self, w: Weaver, use: Use, x: Term, base: Term) -> Term:
        """base + scale L M R x."""
        chain, linear = self.layer.chain, use.linear
        z = self._right(w, use, x)
        if chain.core is not None:
            z = linear.product(w, z, self._part(w, use, "core"), taps=False)
        if chain.scale != 1:
            z = z * chain.scale
        return linear.product(w, z, self._part(w, use, "left"), base, taps=chain.implicit)

    def _right(self, w: Weaver, use: Use, x: Term) -> Term:
        right, linear = self.layer.chain.right, use.linear
        if isinstance(right, Columns):
            chosen = right.chosen if use.rows is None else right.chosen[use.group : use.group + 1]
            return linear.pick(w, x, chosen)
        if isinstance(right, Blocks):
            return linear.sum_blocks(w, x, right.rank)
        assert isinstance(right, Factor)
        return linear.product(w, x, self._part(w, use, "right"))

    def _scaled(self, w: Weaver, use: Use, x: Term) -> Term:
        """rows (W x) + b: the node without its bias, then scale and bias."""
        node, linear = use.node, use.linear
        weights, like = node.inputs[1], w.given(node.outputs[0])
        assert weights is not None
        if self.layer.chain.codes is None:
            u = linear.product(w, x, w.given(weights))
            self._take_name(w, node)
        else:
            u = self._coded(w, use, x, bias=False)
        if self.layer.chain.left is not None:
            u = self._plus(w, use, x, u)
        scale = self._part(w, use, "rows")
        return linear.scaled(w, u, scale, self._bias(w, use), like)

    def _coded(self, w: Weaver, use: Use, x: Term, bias: bool = True) -> Term:
        """W x with W in integers, and the bias."""
        node, linear, codes = use.node, use.linear, self.layer.chain.codes
        assert codes is not None
        weights = node.inputs[1]
        assert weights is not None
        taken, steps = w.given(weights), codes.steps.values.ravel()
        if use.rows is not None:
            rows = np.concatenate(list(codes.values))[slice(*use.rows)][None]
            taken, steps = w.array(codes.packed(linear.array(rows))), steps[slice(*use.rows)]
        plus, like = self._bias(w, use) if bias else None, w.given(node.outputs[0])
        made = linear.coded(w, x, taken, w.array(steps.astype(np.float32)), like, plus)
        self._take_name(w, node)
        return made

    def _bias(self, w: Weaver, use: Use) -> Term | None:
        plus = None if use.linear.bias is None else use.node.inputs[use.linear.bias]
        return None if plus is None else w.given(plus)

    def _take_name(self, w: Weaver, node: ir.Node) -> None:
        """The node that stands for another has its name."""
        w.nodes[-1].name, node.name = node.name, f"{node.name}/replaced"


def _drop_unread(graph: ir.Graph, value: ir.Value, users: set[ir.Node]) -> None:
    """Remove the nodes between a constant and its users whose results nobody reads any more."""
    for node in {u.node for u in value.uses()} - users:
        for out in node.outputs:
            _drop_unread(graph, out, users)
        if not any(out.uses() or out.is_graph_output() for out in node.outputs):
            graph.remove(node, safe=True)


def _constant(graph: ir.Graph, name: str, array: Array) -> ir.Value:
    name = _free(graph, name)
    tensor = ir.tensor(np.ascontiguousarray(array), name=name)
    value = ir.Value(name=name, const_value=tensor)
    value.shape, value.type = ir.Shape(array.shape), ir.TensorType(tensor.dtype)
    graph.register_initializer(value)
    return value


def _free(graph: ir.Graph, name: str) -> str:
    """The name, or one like it that no value has."""
    taken = ir.convenience.create_value_mapping(graph)
    while name in taken:
        name += "'"
    return name
