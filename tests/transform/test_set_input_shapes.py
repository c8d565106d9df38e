"""set_input_shapes: every input has a static shape, or the user is asked for one."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from odl.errors import ModelError, OdlError, Unsupported, UsageError
from odl.transform.infer_shapes import infer_shapes
from odl.transform.set_input_shapes import set_input_shapes
from tests.models import as_bytes, graph, model, one_node, reference, relu_net

ADVICE = "use --input-shape NAME=D,D,..."
dims = st.lists(st.integers(1, 99) | st.sampled_from(["N", "M"]), min_size=1, max_size=5)


def net(*shape: int | str) -> ir.Model:
    return ir.serde.deserialize_model(relu_net(*shape))


def refusal(model: ir.Model, given: dict[str, tuple[int, ...]], kind: type[OdlError]) -> str:
    with pytest.raises(OdlError) as error:
        set_input_shapes(model, given)
    assert type(error.value) is kind
    return str(error.value)


@given(dims, st.data())
def test_a_given_shape_is_taken_where_it_fits(
    declared: list[int | str], data: st.DataObject
) -> None:
    numbers = [d if isinstance(d, int) else data.draw(st.integers(1, 99)) for d in declared]
    after = infer_shapes(set_input_shapes(net(*declared), {"x": tuple(numbers)}))
    assert list(after.graph.inputs[0].shape) == numbers
    assert list(after.graph.outputs[0].shape) == numbers


@given(dims, dims)
def test_every_shape_is_taken_or_refused(
    declared: list[int | str], wanted: list[int | str]
) -> None:
    numbers = tuple(d if isinstance(d, int) else 7 for d in wanted)
    fits = len(declared) == len(numbers) and all(
        isinstance(d, str) or d == n for d, n in zip(declared, numbers, strict=True)
    )
    if fits:
        set_input_shapes(net(*declared), {"x": numbers})
    else:
        shown = f"[{','.join(map(str, declared))}]"
        text = f"input 'x' is {shown}, which {list(numbers)} does not fit"
        assert refusal(net(*declared), {"x": numbers}, UsageError) == text


@given(dims)
def test_only_the_batch_has_a_default(declared: list[int | str]) -> None:
    if any(isinstance(d, str) for d in declared[1:]):
        shown = f"[{','.join(map(str, declared))}]"
        text = f"input 'x': its shape {shown} is not static; {ADVICE}"
        assert refusal(net(*declared), {}, Unsupported) == text
        return
    after = set_input_shapes(net(*declared), {})
    first = declared[0] if isinstance(declared[0], int) else 1
    assert list(after.graph.inputs[0].shape) == [first, *declared[1:]]
    before = as_bytes(after)
    assert as_bytes(set_input_shapes(after, {})) == before


def test_a_declared_shape_of_an_output_does_not_bind() -> None:
    text = "g (float[N,4] x) => (float[8,4] y) { y = Relu (x) }"
    after = infer_shapes(set_input_shapes(graph(text), {}))
    assert list(after.graph.outputs[0].shape) == [1, 4]


def test_it_means_the_same() -> None:
    text = "g (float[N,M] x) => (float[N,M] y) { y = Softmax (x) }"
    inputs = {"x": np.float32([[1, 2, 3], [4, 6, 5]])}
    after = set_input_shapes(graph(text), {"x": (2, 3)})
    np.testing.assert_array_equal(reference(after, inputs)[0], reference(model(text), inputs)[0])


def test_an_unknown_input_is_refused_and_the_known_named() -> None:
    two = graph("g (float[4] a, float[4] b) => (float[4] y) { y = Add (a, b) }")
    text = "the model has no input 'x'; inputs: a, b"
    assert refusal(two, {"x": (4,)}, UsageError) == text


def test_an_unknown_rank_is_refused_unless_given() -> None:
    open_net = ir.serde.deserialize_model(relu_net(4))
    open_net.graph.inputs[0].shape = None
    text = f"input 'x': its rank is unknown; {ADVICE}"
    assert refusal(open_net, {}, Unsupported) == text
    assert list(set_input_shapes(open_net, {"x": (2, 3)}).graph.inputs[0].shape) == [2, 3]


def test_a_scalar_needs_nothing() -> None:
    scalar = graph("g (float x) => (float y) { y = Relu (x) }")
    assert list(set_input_shapes(scalar, {}).graph.inputs[0].shape) == []


def test_a_negative_dimension_is_refused() -> None:
    assert refusal(net(4, -3), {}, ModelError) == "input 'x': a negative dimension"


@pytest.mark.parametrize("kind", ["STRING", "DOUBLE", "COMPLEX64", "FLOAT8E4M3FN", "UINT64"])
def test_a_type_that_no_device_has_is_refused(kind: str) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    strange = one_node(node, elem_type=getattr(TensorProto, kind))
    text = f"tensor 'x': its element type {kind} has no kernels; odl compiles "
    text += "f32, f16, i8, u8, i32, i64, b8"
    assert refusal(ir.serde.deserialize_model(strange), {}, Unsupported) == text


@pytest.mark.parametrize("kind", ["seq", "optional"])
def test_what_is_no_tensor_is_refused(kind: str) -> None:
    net = graph(f"g ({kind}(float[4]) z, float[4] x) => (float[4] y) {{ y = Relu (x) }}")
    assert refusal(net, {}, Unsupported) == "input 'z': it is no tensor"


def test_an_input_that_is_an_output_is_refused() -> None:
    through = graph("g (float[4] x) => (float[4] y, float[4] x) { y = Relu (x) }")
    text = "input 'x': it is an output, too; put an Identity between them"
    assert refusal(through, {}, Unsupported) == text
