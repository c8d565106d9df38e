"""QuantizeLinear and its kin: every type and granularity, halves, saturation, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from odl.compile import Options, compile_graph
from odl.errors import Unsupported
from tests.devices import host_programs
from tests.models import Array, runtime

KINDS = {np.int8: TensorProto.INT8, np.uint8: TensorProto.UINT8, np.int32: TensorProto.INT32}
SHAPE = (3, 5, 7)


def scales(rng: np.random.Generator, how: str) -> tuple[Array, dict[str, int]]:
    shape: tuple[int, ...] = {"tensor": (), "axis": (5,), "blocked": (3, 3, 7)}[how]
    more = {"tensor": {}, "axis": {"axis": -2}, "blocked": {"axis": 1, "block_size": 2}}[how]
    return rng.uniform(0.01, 0.2, shape).astype(np.float32), more


def one(
    op: str, x: Array, y: int, scale: Array, zero: Array | None, **more: int
) -> onnx.ModelProto:
    fixed = [numpy_helper.from_array(scale, "scale")]
    fixed += [] if zero is None else [numpy_helper.from_array(zero, "zero")]
    node = helper.make_node(op, ["x", *(t.name for t in fixed)], ["y"], name="n", **more)
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", kind, x.shape)],
        [helper.make_tensor_value_info("y", y, x.shape)],
        fixed,
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])


def cases() -> list[tuple[str, onnx.ModelProto, Array]]:
    made = []
    for number, how in enumerate(("tensor", "axis", "blocked")):
        rng = np.random.default_rng(number)
        scale, more = scales(rng, how)
        for kind, code in KINDS.items():
            low, high = (-128, 127) if kind is np.int8 else (0, 255)
            zero = rng.integers(low, high, scale.shape).astype(kind)
            x = rng.integers(low, high, SHAPE).astype(kind)
            if kind is np.int32:
                zero, x = np.zeros_like(zero), x * 40503
            given = zero if number != 1 or kind is not np.int32 else None
            made.append((f"d{len(made)}", one("DequantizeLinear", x, 1, scale, given, **more), x))
            if kind is not np.int32:
                y = rng.normal(0, 9, SHAPE).astype(np.float32)
                y.flat[:6] = [np.inf, -np.inf, 3e38, -3e38, 0, 1e-40]
                made.append(
                    (f"q{len(made)}", one("QuantizeLinear", y, code, scale, zero, **more), y)
                )
    halves = (np.arange(-300, 300) / np.float32(2)).astype(np.float32)
    for kind, code in ((np.int8, TensorProto.INT8), (np.uint8, TensorProto.UINT8)):
        half = one("QuantizeLinear", halves, code, np.float32(1).reshape(()), np.array(7, kind))
        made.append((f"half{len(made)}", half, halves))
    return made


CASES = cases()


def test_c_is_onnx_runtimes(tmp_path: Path) -> None:
    graphs = [
        compile_graph(ir.serde.deserialize_model(model), name, Options())
        for name, model, _ in CASES
    ]
    programs = host_programs(graphs, tmp_path)
    for number, (name, model, x) in enumerate(CASES):
        result = programs.run(number, {"x": x})
        (want,) = runtime(model, {"x": x})
        assert result.ok, name
        assert result.outputs["y"][0].dtype == want.dtype
        np.testing.assert_array_equal(result.outputs["y"][0], want, err_msg=name)


def test_nan_becomes_the_least_value(tmp_path: Path) -> None:
    x = np.array([np.nan, 1], np.float32)
    net = one(
        "QuantizeLinear", x, TensorProto.INT8, np.float32(1).reshape(()), np.array(0, np.int8)
    )
    graph = compile_graph(ir.serde.deserialize_model(net), "nan", Options())
    result = host_programs([graph], tmp_path).run(0, {"x": x})
    assert result.ok
    assert result.outputs["y"][0].tolist() == [-128, 1]


REFUSALS = {
    "QuantizeLinear node 'n': scales of shape [3] along an axis of 5": one(
        "QuantizeLinear", np.ones((2, 5), np.float32), 2, np.ones(3, np.float32), None, axis=1
    ),
    "DequantizeLinear node 'n': a zero point of i32; ONNX has none there": one(
        "DequantizeLinear", np.ones(2, np.int32), 1, np.ones((), np.float32), np.array(1, np.int32)
    ),
}


@pytest.mark.parametrize("message", REFUSALS)
def test_refused_in_one_line(message: str) -> None:
    with pytest.raises(Unsupported) as error:
        compile_graph(ir.serde.deserialize_model(REFUSALS[message]), "g", Options())
    assert str(error.value) == message
