"""fold_batch_norm: a Conv takes over what the BatchNormalization after it did."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from odl.transform.fold_batch_norm import fold_batch_norm
from odl.transform.infer_shapes import infer_shapes
from tests.models import as_bytes, conv_net, model, operators, reference, samples

PARAMETERS = ("scale", "beta", "mean", "variance")


def pair(spatial: tuple[int, ...], group: int, width: int, depth: int, bias: bool, seed: int):
    """A Conv with a kernel of 2 per axis, and its BatchNormalization."""
    rng = np.random.default_rng(seed)
    outputs, inputs = group * width, group * depth
    dims = ",".join(map(str, (2, inputs, *spatial)))
    open_dims = ",".join("?" * (2 + len(spatial)))
    net = model(f"""g (float[{dims}] x) => (float[{open_dims}] y)
    {{
      [conv] c = Conv <group = {group}> (x, w{", b" if bias else ""})
      [norm] y = BatchNormalization <epsilon = {rng.uniform(1e-6, 1e-2)}> (c, {
        ", ".join(PARAMETERS)
    })
    }}""")
    shapes = {"w": (outputs, depth, *(2 for _ in spatial)), **({"b": (outputs,)} if bias else {})}
    values = {k: rng.normal(size=shape) for k, shape in shapes.items()}
    values |= {k: rng.normal(size=outputs) for k in PARAMETERS}
    values["variance"] = rng.uniform(0.01, 4, outputs)
    for name, array in values.items():
        net.graph.initializer.append(numpy_helper.from_array(array.astype(np.float32), name))
    return net


def folded(net: onnx.ModelProto) -> ir.Model:
    return fold_batch_norm(infer_shapes(ir.serde.deserialize_model(net)))


@settings(deadline=None, max_examples=60)
@given(
    spatial=st.lists(st.integers(2, 4), min_size=1, max_size=2).map(tuple),
    group=st.integers(1, 3),
    width=st.integers(1, 3),
    depth=st.integers(1, 3),
    bias=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_means_the_same(
    spatial: tuple[int, ...], group: int, width: int, depth: int, bias: bool, seed: int
) -> None:
    net = pair(spatial, group, width, depth, bias, seed)
    after = folded(net)
    assert operators(after) == ["Conv"]
    inputs = samples(net, seed)
    want = reference(net, inputs)[0]
    scale = max(1.0, float(np.abs(want).max()))
    np.testing.assert_allclose(reference(after, inputs)[0], want, rtol=0, atol=2e-5 * scale)


def test_the_weights_are_those_of_the_formula() -> None:
    after = folded(pair((3,), 1, 2, 1, True, 7)).graph
    before = {
        t.name: numpy_helper.to_array(t).astype(np.float64)
        for t in pair((3,), 1, 2, 1, True, 7).graph.initializer
    }
    node = pair((3,), 1, 2, 1, True, 7).graph.node[1]
    factor = before["scale"] / np.sqrt(before["variance"] + node.attribute[0].f)
    weight = after.initializers["y/weight"].const_value.numpy()
    bias = after.initializers["y/bias"].const_value.numpy()
    np.testing.assert_array_equal(weight, np.float32(before["w"] * factor[:, None, None]))
    want = (before["b"] - before["mean"]) * factor + before["beta"]
    np.testing.assert_array_equal(bias, np.float32(want))


def test_the_node_tells_what_it_holds_and_keeps_the_output() -> None:
    after = folded(conv_net())
    conv = after.graph[0]
    assert operators(after) == ["Conv", "Relu", "MaxPool", "Flatten", "Gemm", "Softmax"]
    assert conv.metadata_props["odl.fused"] == "conv+norm"
    assert conv.outputs[0].name == "n"


def test_a_second_time_changes_nothing() -> None:
    once = folded(conv_net())
    before = as_bytes(once)
    assert as_bytes(fold_batch_norm(once)) == before


@pytest.mark.parametrize("name", ["n/weight", "n/bias", "n/replaced"])
@pytest.mark.parametrize("old", ["dense_w", "p", "image"])
def test_names_of_the_model_are_left_alone(name: str, old: str) -> None:
    inputs = samples(conv_net())
    net = ir.serde.deserialize_model(conv_net())
    next(
        v for v in ir.convenience.create_value_mapping(net.graph).values() if v.name == old
    ).name = name
    after = infer_shapes(fold_batch_norm(infer_shapes(net)))
    renamed = {name if k == old else k: v for k, v in inputs.items()}
    want = reference(conv_net(), inputs)[0]
    np.testing.assert_allclose(reference(after, renamed)[0], want, rtol=1e-5, atol=1e-6)


def _read_twice(net: onnx.ModelProto) -> None:
    net.graph.node[1].output[0] = "normed"
    net.graph.node.add(op_type="Add", input=["c", "normed"], output=["y"])


def _an_output(net: onnx.ModelProto) -> None:
    net.graph.output.add(name="c").type.CopyFrom(net.graph.output[0].type)


def _in_training(net: onnx.ModelProto) -> None:
    net.graph.node[1].attribute.append(onnx.helper.make_attribute("training_mode", 1))
    net.graph.node[1].output.extend(["new_mean", "new_variance"])


def _of_the_input(net: onnx.ModelProto) -> None:
    net.graph.input.add(name="mean").type.CopyFrom(
        onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [2])
    )


def _after_a_relu(net: onnx.ModelProto) -> None:
    net.graph.node[0].output[0] = "before"
    net.graph.node.insert(1, onnx.NodeProto(op_type="Relu", input=["before"], output=["c"]))


@pytest.mark.parametrize(
    "change", [_read_twice, _an_output, _in_training, _of_the_input, _after_a_relu]
)
def test_what_cannot_be_folded_stays(change) -> None:
    net = pair((3, 3), 1, 2, 2, True, 3)
    change(net)
    graph = ir.serde.deserialize_model(net)
    before = as_bytes(infer_shapes(graph))
    assert as_bytes(fold_batch_norm(graph)) == before


def test_shared_weights_are_not_changed_for_others() -> None:
    net = pair((4, 4), 1, 2, 2, False, 5)
    net.graph.node.add(op_type="Conv", input=["x", "w"], output=["z"])
    net.graph.output.add(name="z").type.CopyFrom(net.graph.output[0].type)
    inputs = samples(net)
    after = folded(net)
    assert operators(after) == ["Conv", "Conv"]
    for got, want in zip(reference(after, inputs), reference(net, inputs), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_overflow_is_silent(recwarn: pytest.WarningsRecorder) -> None:
    net = pair((3,), 1, 2, 1, True, 1)
    values = {t.name: t for t in net.graph.initializer}
    values["scale"].raw_data = np.float32([3e38, 1]).tobytes()
    values["variance"].raw_data = np.float32([1e-30, -1]).tobytes()
    weight = folded(net).graph.initializers["y/weight"].const_value.numpy()
    assert np.isinf(weight[0]).all()
    assert np.isnan(weight[1]).all()
    assert not recwarn.list
