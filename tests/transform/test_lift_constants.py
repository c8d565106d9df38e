"""lift_constants: one flat graph whose constants are initializers."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper, numpy_helper

from odl.transform.lift_constants import lift_constants
from tests.models import as_bytes, model, one_node, operators, reference, runtime, samples

ARRAY = numpy_helper.from_array(np.float32([1, 2, 3, 4]))


@pytest.mark.parametrize(
    ("attribute", "want"),
    [
        ({"value": ARRAY}, np.float32([1, 2, 3, 4])),
        ({"value_float": 1.5}, np.float32(1.5)),
        ({"value_floats": [1.5, 2]}, np.float32([1.5, 2])),
        ({"value_int": 3}, np.int64(3)),
        ({"value_ints": [3, 4]}, np.int64([3, 4])),
    ],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else "",
)
def test_every_form_of_a_constant_is_lifted(attribute: dict, want: np.ndarray) -> None:
    net = model("g (float[4] x) => (float[4] y) { y = Relu (x) }")
    net.graph.node.insert(0, helper.make_node("Constant", [], ["c"], **attribute))
    net.graph.node.add(op_type="Identity", input=["c"], output=["z"])
    net.graph.output.add(name="z")
    after = lift_constants(ir.serde.deserialize_model(net))
    assert operators(after) == ["Relu", "Identity"]
    got = after.graph.initializers["c"].const_value.numpy()
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


def test_initializers_are_no_inputs() -> None:
    net = model("g (float[4] x, float[4] w) => (float[4] y) { y = Add (x, w) }")
    net.graph.initializer.add().CopyFrom(ARRAY)
    net.graph.initializer[0].name = "w"
    after = lift_constants(ir.serde.deserialize_model(net))
    assert [v.name for v in after.graph.inputs] == ["x"]
    inputs = samples(net)
    np.testing.assert_array_equal(reference(after, inputs)[0], reference(net, inputs)[0])


def with_functions() -> onnx.ModelProto:
    """soft(x) + soft(x), where soft is a function that calls another, with an attribute."""
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("mine", 1)]
    inner = helper.make_node("LeakyRelu", ["a"], ["b"])
    inner.attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    leak = helper.make_function("mine", "leak", ["a"], ["b"], [inner], opsets[:1], ["slope"])
    outer = [
        helper.make_node("leak", ["p"], ["q"], domain="mine", slope=0.25),
        helper.make_node("Add", ["q", "q"], ["r"]),
    ]
    soft = helper.make_function("mine", "soft", ["p"], ["r"], outer, opsets)
    net = one_node(helper.make_node("soft", ["x"], ["y"], domain="mine"), (4,), opset=21)
    net.opset_import.append(opsets[1])
    net.functions.extend([leak, soft])
    return net


def test_functions_are_inlined() -> None:
    net = with_functions()
    inputs = samples(net)
    want = runtime(net, inputs)[0]
    after = lift_constants(ir.serde.deserialize_model(net))
    assert operators(after) == ["LeakyRelu", "Add"]
    assert not after.functions
    np.testing.assert_array_equal(reference(after, inputs)[0], want)


def test_a_second_time_changes_nothing() -> None:
    once = lift_constants(ir.serde.deserialize_model(with_functions()))
    before = as_bytes(once)
    assert as_bytes(lift_constants(once)) == before
