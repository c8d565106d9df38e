"""The graphs at which gradients are judged, as files for judges that do not know odl."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from odl.ops.reference import functions
from tests.models import model
from tests.train.gradients import Case, Differentiated

OPSET = 21
"""The newest that ONNX Runtime's training knows."""


def with_loss(case: Case, made: Differentiated) -> onnx.ModelProto:
    """The graph as it was written, and its loss, sum(y * weights), as its only output."""
    net = model(case.text)
    net.opset_import[0].version, net.ir_version = OPSET, 8
    net.functions.extend(functions({f"{n.domain}.{n.op_type}" for n in net.graph.node if n.domain}))
    graph, parts = net.graph, []
    for y in list(graph.output):
        if y.name not in made.weights:
            continue
        weights = numpy_helper.from_array(made.weights[y.name], f"{y.name}/weights")
        graph.initializer.append(weights)
        graph.node.append(helper.make_node("Mul", [y.name, weights.name], [f"{y.name}/part"]))
        parts.append(f"{y.name}/sum")
        total = helper.make_node("ReduceSum", [f"{y.name}/part"], [parts[-1]], keepdims=0)
        graph.node.append(total)
    while len(parts) > 1:
        left, right, *parts = parts
        parts.append(f"{left}+")
        graph.node.append(helper.make_node("Add", [left, right], [parts[-1]]))
    graph.node.append(helper.make_node("Identity", parts, ["loss"]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("loss", TensorProto.FLOAT, []))
    return net


def export(case: Case, made: Differentiated, path: Path) -> None:
    """PATH.onnx, and PATH.npz with its inputs."""
    path.with_suffix(".onnx").write_bytes(with_loss(case, made).SerializeToString())
    kinds = {"f": np.float32}
    feeds = {k: v.astype(kinds.get(v.dtype.kind, v.dtype)) for k, v in made.feeds.items()}
    with path.with_suffix(".npz").open("wb") as file:
        np.savez(file, **feeds)  # type: ignore[arg-type]
