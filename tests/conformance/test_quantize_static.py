"""Small networks quantised by ONNX Runtime's own tool: fused, and the same in every tensor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

from odl.compile import Compiled, Options, compile_graph
from tests.conformance.judge import disagreements, exact_session
from tests.devices import CORES, Programs, host_programs
from tests.models import Array, model

ACTIVATIONS = {"i8": QuantType.QInt8, "u8": QuantType.QUInt8}
FORMS = [(kind, by_channel) for kind in ACTIVATIONS for by_channel in (False, True)]
NETS = {
    "classifier": """classifier (float[1,3,9,8] x) => (float[1,5] y)
        {
          [stem] a = Conv <pads = [1, 1, 1, 1]> (x, w0, b0)
          r = Relu (a)
          [depth] c = Conv <pads = [1, 1, 0, 0], strides = [2, 2], group = 4> (r, w1, b1)
          low = Constant <value = float {0}> ()
          high = Constant <value = float {6}> ()
          d = Clip (c, low, high)
          [point] e = Conv (d, w2, b2)
          [join] f = Add (d, e)
          g = MaxPool <kernel_shape = [2, 2]> (f)
          h = GlobalAveragePool (g)
          i = Flatten (h)
          [head] j = Gemm <transB = 1> (i, w3, b3)
          y = Softmax (j)
        }""",
    "sequence": """sequence (float[1,2,20] x) => (float[1,6,4] y)
        {
          [conv] a = Conv <pads = [1, 1]> (x, v0, c0)
          b = Sigmoid (a)
          c = Mul (a, b)
          d = AveragePool <kernel_shape = [2], strides = [2]> (c)
          e = Transpose <perm = [0, 2, 1]> (d)
          [product] f = MatMul (e, v1)
          g = Concat <axis = 1> (f, f)
          starts = Constant <value = int64[1] {2}> ()
          ends = Constant <value = int64[1] {8}> ()
          axes = Constant <value = int64[1] {1}> ()
          y = Slice (g, starts, ends, axes)
        }""",
}
WEIGHTS = {
    "w0": (4, 3, 3, 3), "b0": (4,), "w1": (4, 1, 3, 3), "b1": (4,), "w2": (4, 4, 1, 1), "b2": (4,),
    "w3": (5, 4), "b3": (5,), "v0": (6, 2, 3), "c0": (6,), "v1": (6, 4),
}  # fmt: skip


class Data(CalibrationDataReader):  # type: ignore[misc]
    """Seeded inputs for calibration."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._left: Iterator[dict[str, Array]] = ({"x": v} for v in samples(shape, 8))

    def get_next(self) -> Any:
        return next(self._left, None)


def samples(shape: tuple[int, ...], count: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def quantised(name: str, kind: str, by_channel: bool, folder: Path) -> onnx.ModelProto:
    net, rng = model(NETS[name], 17), np.random.default_rng(1)
    read = {i for n in net.graph.node for i in n.input}
    for weight, shape in WEIGHTS.items():
        if weight in read:
            values = rng.normal(0, 0.5, shape).astype(np.float32)
            net.graph.initializer.append(numpy_helper.from_array(values, weight))
    onnx.save(net, folder / "float.onnx")
    shape = tuple(d.dim_value for d in net.graph.input[0].type.tensor_type.shape.dim)
    quantize_static(
        folder / "float.onnx",
        folder / "int.onnx",
        Data(shape),
        activation_type=ACTIVATIONS[kind],
        weight_type=QuantType.QInt8,
        per_channel=by_channel,
    )
    return onnx.load(folder / "int.onnx")


def exposed(net: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every quantised tensor as an output."""
    inferred = onnx.shape_inference.infer_shapes(net)
    known = {v.name: v for v in inferred.graph.value_info}
    made = [n.output[0] for n in net.graph.node if n.op_type == "QuantizeLinear"]
    net.graph.output.extend(known[n] for n in made if n in known)
    return net


CASES = [(name, *form) for name in NETS for form in FORMS]


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> list[onnx.ModelProto]:
    folder = tmp_path_factory.mktemp("float")
    return [exposed(quantised(*case, folder)) for case in CASES]


@pytest.fixture(scope="module")
def compiled(nets: list[onnx.ModelProto]) -> list[Compiled]:
    newest = onnx.defs.onnx_opset_version()
    graphs = (
        ir.serde.deserialize_model(version_converter.convert_version(net, newest)) for net in nets
    )
    return [compile_graph(g, f"q{i}", Options()) for i, g in enumerate(graphs)]


@pytest.fixture(scope="module")
def programs(compiled: list[Compiled], tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return host_programs(compiled, tmp_path_factory.mktemp("static"))


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: "_".join(map(str, CASES[n])))
def test_c_agrees_with_onnx_runtime(
    nets: list[onnx.ModelProto], compiled: list[Compiled], programs: Programs, number: int
) -> None:
    """Where means of two meet halves, each by its rule; else in every bit up to the Softmax."""
    exact = CASES[number][0] == "classifier"
    session = exact_session(nets[number].SerializeToString())
    names = [o.name for o in session.get_outputs()]
    shape = tuple(session.get_inputs()[0].shape)
    for x in samples(shape, 2, seed=5):
        want = dict(zip(names, session.run(None, {"x": x}), strict=True))
        assert not disagreements(compiled[number], {"x": x, **want})
        results = [programs.run(number, {"x": x}, cores) for cores in range(1, CORES + 1)]
        for result in results:
            assert result.ok
            for name, value in result.outputs.items():
                assert value.tobytes() == results[0].outputs[name].tobytes()
                if exact and value.dtype.itemsize == 1 and not name.startswith("y"):
                    np.testing.assert_array_equal(value[0], want[name], err_msg=name)


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: "_".join(map(str, CASES[n])))
def test_nothing_but_softmax_is_left_in_float(compiled: list[Compiled], number: int) -> None:
    floats = {"Softmax", "QuantizeLinear", "DequantizeLinear"}
    plain = {"MaxPool", "Transpose", "Concat", "Slice", "Clip"}
    for call in compiled[number].program.calls:
        assert call.op in floats | plain or call.op.startswith("ai.odl.Q")
        assert call.op not in plain or "f32" not in call.variant
