"""name_all: every node and value has a name of its own."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from hypothesis import given
from hypothesis import strategies as st

from odl.transform.name_all import fresh, name_all, taken
from tests.models import as_bytes, conv_net, graph, model, reference, samples

TEXT = "g (float[4] x) => (float[4] y) { [same] a = Relu (x) [same] b = Neg (a) y = Abs (b) }"


def test_missing_and_double_names_are_replaced() -> None:
    net = graph(TEXT)
    net.graph[0].outputs[0].name = "y"
    net.graph[1].outputs[0].name = None
    net.graph[2].name = None
    after = name_all(net).graph
    assert [n.name for n in after] == ["same", "same_1", "node"]
    assert [n.outputs[0].name for n in after] == ["y_1", "v", "y"]
    inputs = samples(model(TEXT))
    np.testing.assert_array_equal(reference(net, inputs)[0], reference(model(TEXT), inputs)[0])
    before = as_bytes(net)
    assert as_bytes(name_all(net)) == before


def test_good_names_stay() -> None:
    net = ir.serde.deserialize_model(conv_net())
    before = as_bytes(net)
    assert as_bytes(name_all(net)) == before


def test_taken_names_are_those_of_all_values() -> None:
    net = model("g (float[4] x) => (float[4] y) <float[4] w = {1, 2, 3, 4}> { y = Add (x, w) }")
    assert taken(ir.serde.deserialize_model(net).graph) == {"x", "w", "y"}


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b", "a_2_2"]), max_size=12))
def test_fresh_names_never_repeat(wanted: list[str]) -> None:
    names = {"b"}
    given_names = [fresh(name, names) for name in wanted]
    assert len({*given_names, "b"}) == len(wanted) + 1
    assert names == {*given_names, "b"}


def test_a_fresh_name_is_the_wanted_one_where_it_is_free() -> None:
    names = {"a"}
    assert [fresh(n, names) for n in ("b", "a", "a")] == ["b", "a_2", "a_3"]
