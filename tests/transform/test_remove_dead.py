"""remove_dead: only what an output depends on is left."""

from __future__ import annotations

import numpy as np
import pytest

from odl.transform.remove_dead import remove_dead
from tests.models import as_bytes, graph, model, operators, reference, samples

CASES = {
    """g (float[4] x) => (float[4] y) <float[4] w = {1, 2, 3, 4}, float[4] dead = {1, 2, 3, 4}>
    { a = Add (x, w) b = Mul (x, dead) c = Relu (b) y = Relu (a) }""": (["Add", "Relu"], ["w"]),
    "g (float[4] x) => (float[4] y) <float[1] w = {1}> { y = Relu (x) }": (["Relu"], []),
    """g (float[4] x) => (float[4] y, float[1] w) <float[1] w = {1}>
    { y = Relu (x) }""": (["Relu"], ["w"]),
    "g (float[4] x, float[4] z) => (float[4] y) { a = Relu (z) y = Relu (x) }": (["Relu"], []),
}


@pytest.mark.parametrize("text", CASES, ids=range(len(CASES)))
def test_what_no_output_needs_is_gone(text: str) -> None:
    nodes, initializers = CASES[text]
    after = remove_dead(graph(text))
    assert operators(after) == nodes
    assert list(after.graph.initializers) == initializers
    inputs = samples(model(text))
    for got, want in zip(reference(after, inputs), reference(model(text), inputs), strict=True):
        np.testing.assert_array_equal(got, want)
    before = as_bytes(after)
    assert as_bytes(remove_dead(after)) == before


def test_absent_operands_stay_where_a_body_names_them() -> None:
    after = remove_dead(graph(
        "g (float[1,2,2,3] x, float[3,1,1,1] w) => (float[1,2,2,3] y) "
        "{ y = ai.odl.ConvHWC <group = 3> (x, w, ) }"
    ))  # fmt: skip
    assert list(after.graph[0].inputs[2:]) == [None]


def test_inputs_stay_though_nothing_reads_them() -> None:
    after = remove_dead(graph(list(CASES)[3]))
    assert [v.name for v in after.graph.inputs] == ["x", "z"]
