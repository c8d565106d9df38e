"""Products and convolutions in float whose weights stay quantised, judged by ONNX Runtime."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from odl.compile import Compiled, Options, compile_graph
from odl.plan.interpret import interpret
from tests.devices import Programs, host_programs
from tests.models import Array, runtime

KINDS = {"i8": np.int8, "u8": np.uint8, "i4": ml_dtypes.int4, "u4": ml_dtypes.uint4}


def quantised(
    rng: np.random.Generator, kind: str, shape: tuple[int, ...], scales: Any
) -> list[Array]:
    """Weights, scales and zero points."""
    bits, signed = int(kind[1]), kind[0] == "i"
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    w = rng.integers(low, high, shape).astype(np.int16).astype(KINDS[kind])
    scale = rng.uniform(0.01, 0.1, scales).astype(np.float32)
    middle = rng.integers(-2, 2, scales) + (0 if signed else 2 ** (bits - 1))
    return [w, scale, np.asarray(middle).astype(np.int16).astype(KINDS[kind])]


def net(
    op: str, x: tuple[int, ...], parts: list[Array], bias: int, more: Any, **inner: Any
) -> onnx.ModelProto:
    names = ["w", "scale", "zero"]
    fixed = [numpy_helper.from_array(v, n) for n, v in zip(names, parts, strict=True)]
    operands = ["x", "real"]
    if bias:
        values = np.linspace(-1, 1, bias).astype(np.float32)
        fixed.append(numpy_helper.from_array(values, "b"))
        operands.append("b")
    nodes = [
        helper.make_node("DequantizeLinear", names, ["real"], **more),
        helper.make_node(op, operands, ["y"], name="n", **inner),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        fixed,
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])


def cases() -> dict[str, onnx.ModelProto]:
    rng, made = np.random.default_rng(3), {}
    for kind in KINDS:
        for m, k, n in ((1, 7, 5), (6, 13, 3), (9, 32, 8)):
            tensor, axis = quantised(rng, kind, (k, n), ()), quantised(rng, kind, (k, n), (n,))
            made[f"matmul_{kind}_{k}"] = net("MatMul", (m, k), tensor, 0, {})
            made[f"columns_{kind}_{k}"] = net("MatMul", (2, m, k), axis, 0, {"axis": 1})
            rows = quantised(rng, kind, (n, k), (n,))
            made[f"gemm_{kind}_{k}"] = net("Gemm", (k, m), rows, n, {"axis": 0}, transA=1, transB=1)
            blocks = quantised(rng, kind, (k, n), (-(-k // 4), n))
            if k % 4 == 0:
                made[f"blocked_{kind}_{k}"] = net(
                    "MatMul", (m, k), blocks, 0, {"axis": 0, "block_size": 4}
                )
        conv = quantised(rng, kind, (6, 2, 3, 3), (6,))
        made[f"conv_{kind}"] = net(
            "Conv", (1, 4, 7, 6), conv, 6, {"axis": 0}, group=2, pads=[1, 0, 1, 1], strides=[2, 1]
        )
        point = quantised(rng, kind, (5, 3, 1), ())
        made[f"point_{kind}"] = net("Conv", (2, 3, 9), point, 0, {})
    return made


CASES = cases()


def compiled(name: str) -> Compiled:
    return compile_graph(ir.serde.deserialize_model(CASES[name]), name, Options())


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return host_programs([compiled(name) for name in CASES], tmp_path_factory.mktemp("weights"))


@pytest.mark.parametrize("name", CASES)
def test_c_is_near_onnx_runtime(programs: Programs, name: str) -> None:
    dims = CASES[name].graph.input[0].type.tensor_type.shape.dim
    x = np.random.default_rng(0).normal(size=[d.dim_value for d in dims]).astype(np.float32)
    (want,) = runtime(CASES[name], {"x": x})
    number = list(CASES).index(name)
    results = [programs.run(number, {"x": x}, cores) for cores in (1, 2, 3)]
    for result in results:
        assert result.ok
        assert result.outputs["y"].tobytes() == results[0].outputs["y"].tobytes()
        np.testing.assert_allclose(result.outputs["y"][0], want, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        interpret(compiled(name).program, {"x": x})["y"], want, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", CASES)
def test_weights_stay_as_small_as_they_are(name: str) -> None:
    """But for zero points, scales and odd rows; weights of four bits are bytes in a Conv."""
    program, kind = compiled(name).program, name.split("_")[1]
    weights = CASES[name].graph.initializer[0].dims
    bits = int(kind[1]) if "matmul" in name or "gemm" in name or "blocked" in name else 8
    size = [t.nbytes for t in program.tensors if t.name.endswith("/weight")]
    odd = max(weights) if bits == 4 else 0
    assert sum(size) <= np.prod(weights) * bits / 8 + odd / 2
    floats = [t.elements for t in program.tensors if t.data is not None and t.dtype.is_float]
    assert max(floats) < np.prod(weights)
