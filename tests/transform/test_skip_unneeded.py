"""Conditions of nodes: from gates back to what only serves them."""

from __future__ import annotations

import onnx_ir as ir
from onnx import parser

from odl.ops.node import SWITCH, WHEN
from odl.transform.infer_shapes import infer_shapes
from odl.transform.skip_unneeded import skip_unneeded

HEADER = '<ir_version: 10, opset_import: ["": 21, "ai.odl": 1]>\n'


def marked(text: str, *switches: str) -> dict[str, str]:
    """The conditions of nodes by their first outputs; joined ones as their operands."""
    model = infer_shapes(ir.serde.deserialize_model(parser.parse_model(HEADER + text)))
    values = ir.convenience.create_value_mapping(model.graph)
    for name in switches:
        values[name].meta[SWITCH] = True
    skip_unneeded(model)
    joined = {str(n.outputs[0].name): n for n in model.graph if n.op_type == "Or"}

    def told(name: str) -> str:
        if name not in joined:
            return name
        return "|".join(sorted(told(str(v.name)) for v in joined[name].inputs if v is not None))

    found = {str(n.outputs[0].name): n.metadata_props.get(WHEN, "") for n in model.graph}
    order = [str(n.outputs[0].name) for n in model.graph]
    for made, when in found.items():
        assert not when or order.index(when) < order.index(made)
    return {k: told(v) for k, v in found.items() if k not in joined and v}


def test_a_frozen_part_is_left_out_where_a_stored_result_stands_for_it() -> None:
    text = """g (float[4] x, float[4] stored, bool flag) => (float[4] y) {
        fresh = Not (flag)
        a = Exp (x) b = Relu (a)
        latent = Where (fresh, b, stored) y = Neg (latent) }"""
    assert marked(text, "fresh") == {"a": "fresh", "b": "fresh"}
    assert marked(text) == {}


def test_two_switches_are_joined_and_other_readers_need_it_always() -> None:
    text = """g (float[4] x, float[4] s, bool f, bool h) => (float[4] y, float[4] z, float[4] u) {
        one = Not (f) two = Not (h)
        both = Exp (x) left = Relu (both) right = Neg (both) open = Abs (x) used = Neg (open)
        y = Where (one, left, s) z = Where (two, right, s) v = Where (one, used, s)
        u = Add (v, open) }"""
    assert marked(text, "one", "two") == {
        "both": "one|two", "left": "one", "right": "two", "used": "one",
    }  # fmt: skip


def test_a_gate_that_needs_a_switch_and_more_is_as_good() -> None:
    text = """g (float[4] x, float[4] w, float lr, float f, bool p, bool q) => (float[4] n) {
        on = Not (p) gate = And (q, on) slope = Exp (x)
        n = ai.odl.SGDStep <decay = 0.0> (w, slope, lr, f, gate) }"""
    assert marked(text, "on") == {"slope": "on"}


def test_a_switch_that_comes_too_late_says_nothing() -> None:
    text = """g (float[4] x, float[4] s) => (float[4] y) {
        a = Exp (x) top = ReduceMax <keepdims = 0> (a) zero = Constant <value_float = 0.0> ()
        late = Greater (top, zero) b = Relu (a) y = Where (late, b, s) }"""
    assert marked(text, "late") == {"b": "late"}
