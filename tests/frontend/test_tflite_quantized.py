"""Quantized TFLite models: the imported QuantizeLinear form means what LiteRT's integers do.

LiteRT rounds a sum twice: to 2^-s units of the result, s some 6 to 12, and then to whole ones.
ONNX rounds once. So one result in some 2^(s+1) differs, by one unit, and no more in one operator.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper

from odl.frontend.tflite_file import read_tflite
from tests.frontend.tflite_models import (
    Spec,
    bias,
    by_runtime,
    const,
    feeds,
    ints,
    litert,
    net,
    op,
    real,
    stored,
    weights,
)

RELU, RELU6 = 1, 3
PLAIN = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}

MOVED: dict[str, bytes] = {}
"""Operators that compute nothing: equal to the last bit, and without QuantizeLinear."""
COMPUTED: dict[str, bytes] = {}


def q(*shape: int) -> Spec:
    return stored(*shape)


MOVED["RESHAPE"] = net(op("RESHAPE", [q(2, 6), ints(3, 4)], q(3, 4)))
MOVED["TRANSPOSE"] = net(op("TRANSPOSE", [q(2, 3, 4), ints(2, 0, 1)], q(4, 2, 3)))
MOVED["CONCATENATION"] = net(
    op("CONCATENATION", [q(2, 3), q(2, 1)], q(2, 4), "ConcatenationOptions", Axis=1)
)
MOVED["SPLIT"] = net(
    op("SPLIT", [const(1, "int32"), q(2, 6)], [q(2, 3), q(2, 3)], "SplitOptions", NumSplits=2)
)
MOVED["PACK"] = net(op("PACK", [q(3), q(3)], q(2, 3), "PackOptions", ValuesCount=2))
MOVED["STRIDED_SLICE"] = net(
    op("STRIDED_SLICE", [q(4, 6), ints(0, 5), ints(4, 0), ints(2, -2)], q(2, 3),
       "StridedSliceOptions")
)  # fmt: skip
MOVED["PAD"] = net(op("PAD", [q(2, 3), const([[1, 0], [0, 2]], "int32")], q(3, 5)))
MOVED["PADV2"] = net(
    op("PADV2", [q(2, 3), const([[1, 0], [0, 2]], "int32"),
                 const(-7, "int8", scale=[0.05], zero=[3])], q(3, 5))
)  # fmt: skip
MOVED["GATHER"] = net(op("GATHER", [q(3, 4), ints(2, 0)], q(2, 4), "GatherOptions"))
MOVED["SPACE_TO_BATCH_ND"] = net(
    op("SPACE_TO_BATCH_ND", [q(1, 3, 4, 2), ints(2, 2), const([[1, 0], [0, 0]], "int32")],
       q(4, 2, 2, 2))
)  # fmt: skip
MOVED["SPACE_TO_DEPTH"] = net(
    op("SPACE_TO_DEPTH", [q(1, 4, 4, 2)], q(1, 2, 2, 8), "SpaceToDepthOptions", BlockSize=2)
)
MOVED["RESIZE_NEAREST_NEIGHBOR"] = net(
    op("RESIZE_NEAREST_NEIGHBOR", [q(1, 3, 4, 2), ints(6, 8)], q(1, 6, 8, 2),
       "ResizeNearestNeighborOptions")
)  # fmt: skip

for axis, name in ((0, "each channel"), (-1, "one scale")):
    for act in (0, RELU, RELU6):
        x, w = stored(1, 7, 6, 3, scale=0.03), weights((4, 3, 3, 3), axis)
        COMPUTED[f"CONV_2D {name} {act}"] = net(
            op("CONV_2D", [x, w, bias(4, x, w)], stored(1, 7, 6, 4, scale=0.06, zero=-9),
               "Conv2DOptions", FusedActivationFunction=act, **PLAIN)
        )  # fmt: skip
x, w = stored(1, 7, 6, 4, scale=0.03), weights((1, 3, 3, 4), 3)
COMPUTED["DEPTHWISE_CONV_2D"] = net(
    op("DEPTHWISE_CONV_2D", [x, w, bias(4, x, w)], stored(1, 7, 6, 4, scale=0.05, zero=-128),
       "DepthwiseConv2DOptions", FusedActivationFunction=RELU, DepthMultiplier=1, **PLAIN)
)  # fmt: skip
x, w = stored(1, 3, 4, 2, scale=0.03), weights((3, 3, 3, 2), 0)
COMPUTED["TRANSPOSE_CONV"] = net(
    op("TRANSPOSE_CONV", [ints(1, 6, 8, 3), w, x, bias(3, x, w)], stored(1, 6, 8, 3, scale=0.06),
       "TransposeConvOptions", StrideH=2, StrideW=2)
)  # fmt: skip
for axis in (-1, 0):
    x, w = stored(2, 20, scale=0.02), weights((5, 20), axis)
    COMPUTED[f"FULLY_CONNECTED {axis}"] = net(
        op("FULLY_CONNECTED", [x, w, bias(5, x, w)], stored(2, 5, scale=0.07),
           "FullyConnectedOptions")
    )  # fmt: skip
x, w = stored(1, 2, 2, 5, scale=0.02), weights((5, 20), -1)
COMPUTED["FULLY_CONNECTED flattens"] = net(
    op("FULLY_CONNECTED", [x, w, bias(5, x, w)], stored(1, 5, scale=0.07), "FullyConnectedOptions")
)
for kind, options in (("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions")):
    COMPUTED[kind] = net(
        op(kind, [stored(2, 3, 4, scale=0.02), stored(2, 3, 4, scale=0.05, zero=-8)],
           stored(2, 3, 4, scale=0.08), options, FusedActivationFunction=RELU)
    )  # fmt: skip
for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
    COMPUTED[kind] = net(
        op(kind, [q(1, 7, 6, 3)], q(1, 4, 3, 3), "Pool2DOptions", FilterHeight=3, FilterWidth=3,
           StrideH=2, StrideW=2)
    )  # fmt: skip
COMPUTED["MEAN"] = net(
    op("MEAN", [q(1, 4, 4, 5), ints(1, 2)], stored(1, 5, scale=0.02), "ReducerOptions")
)
COMPUTED["SOFTMAX"] = net(
    op("SOFTMAX", [stored(3, 10, scale=0.06)], stored(3, 10, scale=1 / 256, zero=-128),
       "SoftmaxOptions", Beta=1.0)
)  # fmt: skip
COMPUTED["LOGISTIC"] = net(op("LOGISTIC", [q(4, 50)], stored(4, 50, scale=1 / 256, zero=-128)))
COMPUTED["TANH"] = net(op("TANH", [q(4, 50)], stored(4, 50, scale=1 / 128, zero=0)))
COMPUTED["HARD_SWISH"] = net(op("HARD_SWISH", [q(4, 50)], stored(4, 50, scale=0.04, zero=-60)))
COMPUTED["LEAKY_RELU"] = net(
    op("LEAKY_RELU", [q(4, 50)], stored(4, 50, scale=0.04), "LeakyReluOptions", Alpha=0.2)
)
COMPUTED["RELU"] = net(op("RELU", [q(4, 50)], stored(4, 50, scale=0.03, zero=-128)))
COMPUTED["QUANTIZE"] = net(op("QUANTIZE", [real(4, 50)], q(4, 50)))
COMPUTED["QUANTIZE again"] = net(op("QUANTIZE", [q(4, 50)], stored(4, 50, scale=0.07, zero=-2)))
COMPUTED["RESIZE_BILINEAR"] = net(
    op("RESIZE_BILINEAR", [q(1, 3, 4, 2), ints(6, 8)], q(1, 6, 8, 2), "ResizeBilinearOptions")
)
x, w = stored(2, 20, scale=0.02, zero=130, dtype="uint8"), weights((5, 20), -1)
w = Spec(w.shape, "uint8", (w.data.astype(int) + 128).astype("uint8"), w.scale, (128,))  # type: ignore[operator]
COMPUTED["FULLY_CONNECTED uint8"] = net(
    op("FULLY_CONNECTED", [x, w, bias(5, x, w)], stored(2, 5, scale=0.07, zero=128, dtype="uint8"),
       "FullyConnectedOptions")
)  # fmt: skip


def imported(data: bytes, folder: Path) -> onnx.ModelProto:
    path = folder / "model.tflite"
    path.write_bytes(data)
    made = ir.serde.serialize_model(read_tflite(path))
    onnx.checker.check_model(made, full_check=True)
    return made


def operators(made: onnx.ModelProto) -> list[str]:
    return [n.op_type for n in made.graph.node]


@pytest.mark.parametrize("name", MOVED)
def test_moved_elements_stay_as_they_are(tmp_path: Path, name: str) -> None:
    made, inputs = imported(MOVED[name], tmp_path), feeds(MOVED[name])
    assert not {"QuantizeLinear", "DequantizeLinear"} & {*operators(made)}
    for got, want in zip(by_runtime(made, inputs), litert(MOVED[name], inputs), strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.dtype == np.int8


@pytest.mark.parametrize("name", COMPUTED)
def test_results_are_within_a_unit(tmp_path: Path, name: str) -> None:
    made = imported(COMPUTED[name], tmp_path)
    for seed in range(4):
        inputs = feeds(COMPUTED[name], seed, -5, 5)
        want = litert(COMPUTED[name], inputs)[0]
        got = by_runtime(made, inputs)[0]
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        assert len(np.unique(want)) > 3
        assert np.abs(got.astype(int) - want).max() <= 1
        if name in ("MAX_POOL_2D", "QUANTIZE"):
            np.testing.assert_array_equal(got, want)


def test_dequantize_rounds_once(tmp_path: Path) -> None:
    data = net(op("DEQUANTIZE", [q(4, 50)], real(4, 50)))
    made, inputs = imported(data, tmp_path), feeds(data)
    assert operators(made) == ["DequantizeLinear"]
    got, exact = by_runtime(made, inputs)[0], float(np.float32(0.05)) * (inputs[0] - 3.0)
    np.testing.assert_array_equal(got, exact.astype(np.float32))
    once_more = 2.0**-24 * 0.05 * 131  # LiteRT subtracts scale * zero point, rounded by itself
    np.testing.assert_allclose(got, litert(data, inputs)[0], rtol=2.0**-23, atol=once_more)


def test_a_convolution_has_the_form_of_static_quantization(tmp_path: Path) -> None:
    x, w = stored(1, 5, 5, 3, scale=0.03), weights((4, 3, 3, 3), 0)
    y = stored(1, 5, 5, 4, scale=0.06, zero=-128)
    b = bias(4, x, w)
    for spec, name in ((x, "x"), (w, "w"), (b, "b"), (y, "y")):
        spec.name = name
    made = imported(
        net(op("CONV_2D", [x, w, b], y, "Conv2DOptions", FusedActivationFunction=RELU, **PLAIN)),
        tmp_path,
    )
    graph = made.graph
    inverse = "DequantizeLinear"
    assert operators(made) == ["Transpose", *[inverse] * 3, "Conv", "QuantizeLinear", "Transpose"]
    known = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    producer = {o: n for n in graph.node for o in n.output}
    conv = next(n for n in graph.node if n.op_type == "Conv")
    weight, added = (producer[conv.input[i]] for i in (1, 2))
    assert w.data is not None
    np.testing.assert_array_equal(known["w"], w.data.transpose(0, 3, 1, 2))
    assert list(weight.input[:1]) == ["w"]
    np.testing.assert_array_equal(known[weight.input[1]], np.float32(w.scale))
    assert [a.i for a in weight.attribute if a.name == "axis"] == [0]
    assert known[added.input[0]].dtype == np.int32
    scales = np.float32(x.scale[0]) * np.float32(w.scale)
    np.testing.assert_array_equal(known[added.input[1]], scales)
    assert [graph.input[0].name, graph.output[0].name] == ["x", "y"]


@pytest.mark.parametrize("axis", [0, -1])
def test_weights_of_a_float_network_are_dequantized(tmp_path: Path, axis: int) -> None:
    """LiteRT quantizes x on the way, each value by at most 1/254 of the largest."""
    x, w = real(2, 20), weights((5, 20), axis)
    data = net(op("FULLY_CONNECTED", [x, w, bias(5)], real(2, 5), "FullyConnectedOptions"))
    made, inputs = imported(data, tmp_path), feeds(data)
    assert operators(made) == ["DequantizeLinear", "Gemm"]
    assert w.data is not None
    whole = np.abs(w.data * np.reshape(w.scale, (-1, 1))).sum(axis=1)
    bound = np.abs(inputs[0]).max(axis=1, keepdims=True) / 254 * whole
    error = np.abs(by_runtime(made, inputs)[0] - litert(data, inputs)[0])
    assert (error <= bound + 1e-5).all()
    real_weights = w.data * np.reshape(np.float32(w.scale), (-1, 1))
    exact = inputs[0] @ real_weights.T + bias(5).data
    np.testing.assert_allclose(by_runtime(made, inputs)[0], exact, rtol=1e-5, atol=1e-5)
