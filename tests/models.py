"""Small ONNX models, made by code, that tests of every layer may share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper, parser
from onnx.reference import ReferenceEvaluator

from odl.compile import Options, compile_model
from odl.errors import ModelError
from odl.ops.reference import functions

Array = npt.NDArray[Any]


def model(text: str, opset: int = 0) -> onnx.ModelProto:
    """The model of a graph in onnx.parser's text, without the heading; 0: the newest opset."""
    opset = opset or onnx.defs.onnx_opset_version()
    heading = f'<ir_version: 8, opset_import: ["" : {opset}, "ai.odl" : 1]>\n'
    return parser.parse_model(heading + text)


def graph(text: str, opset: int = 0) -> ir.Model:
    """`model`, as the passes take it."""
    return ir.serde.deserialize_model(model(text, opset))


def relu_net(*shape: int | str, opset: int = 0) -> onnx.ModelProto:
    """One Relu from `x` to `y`."""
    dims = ",".join(map(str, shape or (4,)))
    return model(f"relu (float[{dims}] x) => (float[{dims}] y) {{ y = Relu (x) }}", opset)


def one_node(
    node: onnx.NodeProto,
    shape: Sequence[int | str] = (2, 3),
    initializers: Sequence[TensorProto] = (),
    elem_type: int = TensorProto.FLOAT,
    opset: int = 0,
) -> onnx.ModelProto:
    """The node between an input `x` and an output `y` of one type and shape."""
    opset = opset or onnx.defs.onnx_opset_version()
    x = helper.make_tensor_value_info("x", elem_type, shape)
    y = helper.make_tensor_value_info("y", elem_type, shape)
    made = helper.make_graph([node], "one", [x], [y], list(initializers))
    return helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])


def conv_net(opset: int = 0, seed: int = 0) -> onnx.ModelProto:
    """Conv, BatchNormalization, Relu, MaxPool, Flatten, Gemm, Softmax with seeded weights."""
    net = model(
        """conv_net (float[1,2,8,8] image) => (float[1,3] scores)
        {
          [conv] c = Conv <pads = [1, 1, 1, 1]> (image, conv_w, conv_b)
          [norm] n = BatchNormalization <epsilon = 0.001> (c, scale, beta, mean, variance)
          [rectify] r = Relu (n)
          [pool] p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (r)
          [flat] f = Flatten (p)
          [dense] g = Gemm <transB = 1> (f, dense_w, dense_b)
          [decide] scores = Softmax <axis = 1> (g)
        }""",
        opset,
    )
    rng = np.random.default_rng(seed)
    weights = {
        "conv_w": rng.normal(0, 0.4, (4, 2, 3, 3)),
        "conv_b": rng.normal(0, 0.4, 4),
        "scale": rng.uniform(0.5, 1.5, 4),
        "beta": rng.normal(0, 0.4, 4),
        "mean": rng.normal(0, 0.4, 4),
        "variance": rng.uniform(0.5, 1.5, 4),
        "dense_w": rng.normal(0, 0.2, (3, 64)),
        "dense_b": rng.normal(0, 0.2, 3),
    }
    for name, values in weights.items():
        net.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
    return net


def write(net: onnx.ModelProto, folder: Path, name: str = "model.onnx") -> Path:
    """The model as a file in `folder`."""
    path = folder / name
    path.write_bytes(net.SerializeToString())
    return path


def samples(net: onnx.ModelProto, seed: int = 1) -> dict[str, Array]:
    """Seeded normal floats for every input that is no initializer; an open dimension is 1."""
    rng = np.random.default_rng(seed)
    fixed = {t.name for t in net.graph.initializer}
    return {
        v.name: rng.normal(
            size=[d.dim_value if d.HasField("dim_value") else 1 for d in _dims(v)]
        ).astype(np.float32)
        for v in net.graph.input
        if v.name not in fixed
    }


def _dims(value: onnx.ValueInfoProto) -> Any:
    return value.type.tensor_type.shape.dim


def reference(net: onnx.ModelProto | ir.Model, inputs: dict[str, Array]) -> list[Array]:
    """The outputs by onnx.reference, in the model's order; ai.odl operators by their bodies."""
    if isinstance(net, ir.Model):
        net = ir.serde.serialize_model(net)
    used = {f"{n.domain}.{n.op_type}" for n in net.graph.node if n.domain == "ai.odl"}
    net.functions.extend(functions(used))
    return list(ReferenceEvaluator(net).run(None, inputs))


def runtime(net: onnx.ModelProto, inputs: dict[str, Array]) -> list[Array]:
    """The outputs by onnxruntime, in the model's order; it loads opsets to 27."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    data = net.SerializeToString()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, inputs))


def operators(net: ir.Model) -> list[str]:
    """The nodes' operators in order."""
    return [n.op_type for n in net.graph]


def refusal(path: Path) -> str:
    """The line with which the compiler refuses a model file: exit code 3, soon, nothing unsafe."""
    start = time.process_time()
    with pytest.raises(ModelError) as error:
        compile_model(path, Options())
    assert time.process_time() - start < 2
    assert error.value.exit_code == 3
    text = str(error.value)
    assert text.isascii()
    assert text.isprintable()
    return text


def as_bytes(net: ir.Model) -> bytes:
    """The graph in one form, to tell whether a pass has changed anything."""
    return bytes(ir.serde.serialize_model(net).SerializeToString(deterministic=True))
