"""What memories are made of: numbers drawn on the device, and rows put in place."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import parser
from onnx.reference import ReferenceEvaluator

from odl.adapt.generator import integers
from odl.learn.cut import narrowest
from odl.ops import registry
from odl.ops.draw import draw
from odl.ops.put import put
from odl.transform.infer_shapes import infer_shapes

INTS = st.integers(0, 2**31 - 1)


@settings(deadline=None)
@given(INTS, st.integers(-3, 2**31 - 1), st.integers(0, 2**32 - 1))
def test_draws_are_those_of_the_generator(at: int, bound: int, seed: int) -> None:
    """The kernel's and those of the operator's body."""
    given_ = [np.array(v, np.int32) for v in (at, bound)]
    drawn = np.zeros(1, np.int32)
    draw.run(*(v.reshape(1) for v in given_), drawn, seed - (seed >> 31 << 32))
    (body,) = ReferenceEvaluator(function("Draw")).run(
        None, dict(zip(("at", "bound"), given_, strict=True)), attributes={"seed": seed}
    )
    at_once = integers((seed + 0x9E3779B9 * at) & 0xFFFFFFFF, 1)[0]
    assert drawn[0] == body == at_once % max(bound, 1)


@settings(deadline=None)
@given(
    st.integers(1, 5), st.lists(st.integers(1, 4), max_size=3), st.integers(-2, 6),
    st.sampled_from([np.int8, np.float16, np.float32, np.int64]),
)  # fmt: skip
def test_a_row_is_put_where_there_is_one(
    rows: int, shape: list[int], slot: int, kind: type[np.generic]
) -> None:
    rng = np.random.default_rng(rows)
    memory = rng.integers(-9, 9, (rows, *shape)).astype(kind)
    row = rng.integers(10, 20, shape).astype(kind)
    want = memory.copy()
    if 0 <= slot < rows:
        want[slot] = row
    at, got = np.array(slot, np.int32), np.empty(memory.size, kind)
    put.run(memory.ravel(), row.ravel(), at.reshape(1), got, rows, row.size)
    inputs = {"memory": memory, "row": row, "slot": at}
    (body,) = ReferenceEvaluator(function("Put")).run(None, inputs, attributes={})
    np.testing.assert_array_equal(got.reshape(want.shape), want)
    np.testing.assert_array_equal(body, want)


def function(name: str) -> onnx.FunctionProto:
    made = registry()[f"ai.odl.{name}"].function()
    assert made is not None
    return made


GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,8] x, float[8,2] narrow, float[2,8] wide, float[8,8] square) => (float[1,8] y)
{
    front = MatMul (x, narrow)
    middle = Relu (front)
    back = MatMul (middle, wide)
    side = Tanh (back)
    last = MatMul (side, square)
    y = Add (last, back)
}
"""


@pytest.mark.parametrize(
    ("trained", "cut"), [("square", "middle"), ("wide", "middle"), ("narrow", "x")]
)
def test_the_narrowest_result_before_what_learns(trained: str, cut: str) -> None:
    model = ir.serde.deserialize_model(parser.parse_model(GRAPH))
    infer_shapes(model)
    graph = model.graph
    for value in graph.inputs[1:]:
        value.const_value = ir.tensor(np.zeros(value.shape.numpy(), np.float32))
        graph.register_initializer(value)
    graph.inputs[:] = graph.inputs[:1]
    found = narrowest(graph, [graph.initializers[trained]])
    assert found is not None
    assert found.name == cut
