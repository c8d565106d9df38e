"""merge_transposes: Transposes that follow each other become one, or none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odl.transform.infer_shapes import infer_shapes
from odl.transform.merge_transposes import merge_transposes
from tests.models import as_bytes, graph, model, operators, reference, samples

perms = st.permutations(range(4))


def chain(perms: list[tuple[int, ...]], end: str = "Relu") -> str:
    """Transposes one after another, and a last node."""
    names = ["x", *(f"t{i}" for i in range(len(perms)))]
    nodes = "".join(
        f"{names[i + 1]} = Transpose <perm = {list(p)}> ({names[i]})\n" for i, p in enumerate(perms)
    )
    return f"g (float[2,3,4,5] x) => (float[?,?,?,?] y) {{ {nodes} y = {end} ({names[-1]}) }}"


@settings(deadline=None, max_examples=40)
@given(st.lists(perms, min_size=2, max_size=4))
def test_a_chain_becomes_one_or_none(chosen: list[tuple[int, ...]]) -> None:
    text = chain(chosen)
    after = merge_transposes(infer_shapes(graph(text)))
    assert operators(after) in (["Relu"], ["Transpose", "Relu"])
    inputs = samples(model(text))
    np.testing.assert_array_equal(reference(after, inputs)[0], reference(model(text), inputs)[0])
    before = as_bytes(after)
    assert as_bytes(merge_transposes(after)) == before


def test_a_pair_that_cancels_is_gone() -> None:
    after = merge_transposes(infer_shapes(graph(chain([(0, 2, 3, 1), (0, 3, 1, 2)]))))
    assert operators(after) == ["Relu"]
    assert after.graph[0].inputs[0].name == "x"


def test_a_pair_that_does_not_cancel_is_one() -> None:
    after = merge_transposes(infer_shapes(graph(chain([(1, 0, 2, 3), (0, 1, 3, 2)]))))
    assert operators(after) == ["Transpose", "Relu"]
    assert list(after.graph[0].attributes["perm"].value) == [1, 0, 3, 2]


def test_without_perm_the_axes_turn_round() -> None:
    text = """g (float[2,3,4] x) => (float[?,?,?] y)
    { a = Transpose (x) b = Transpose <perm = [2, 1, 0]> (a) y = Relu (b) }"""
    assert operators(merge_transposes(infer_shapes(graph(text)))) == ["Relu"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            """g (float[2,3] x) => (float[3,2] a, float[2,3] y)
            { a = Transpose (x) b = Transpose (a) y = Relu (b) }""",
            ["Transpose", "Relu"],
        ),
        (
            """g (float[2,3] x) => (float[3,2] y, float[2,3] z)
            { a = Transpose (x) y = Relu (a) b = Transpose (a) z = Relu (b) }""",
            ["Transpose", "Relu", "Relu"],
        ),
        (
            "g (float[2,3] x) => (float[2,3] y) { a = Transpose (x) y = Transpose (a) }",
            ["Transpose"],
        ),
        (
            "g (float[2,3] x) => (float[3,2] y) { a = Relu (x) y = Transpose (a) }",
            ["Relu", "Transpose"],
        ),
    ],
    ids=["the first is an output", "others read the first", "the second is an output", "alone"],
)
def test_what_others_need_stays(text: str, left: list[str]) -> None:
    after = merge_transposes(infer_shapes(graph(text)))
    assert operators(after) == left
    assert [v.name for v in after.graph.outputs] == [v.name for v in model(text).graph.output]
    inputs = samples(model(text))
    for got, want in zip(reference(after, inputs), reference(model(text), inputs), strict=True):
        np.testing.assert_array_equal(got, want)
    before = as_bytes(after)
    assert as_bytes(merge_transposes(after)) == before


def test_other_domains_are_left_alone() -> None:
    net = infer_shapes(graph(chain([(0, 2, 3, 1), (0, 3, 1, 2)])))
    net.graph[0].domain = "mine"
    assert operators(merge_transposes(net)) == ["Transpose", "Transpose", "Relu"]
