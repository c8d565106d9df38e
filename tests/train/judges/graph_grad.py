"""onnxsim's graph_grad as a judge; runs in an environment that has it, without odl.

    python graph_grad.py FOLDER

Reads each NAME.onnx and NAME.npz in FOLDER, and writes what for_each.py says: gradients of the loss
with respect to the float inputs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from for_each import for_each
from onnx import TensorProto, helper, inliner
from onnx.reference import ReferenceEvaluator
from onnxsim import graph_grad, qat_graph


def gradients(path: Path) -> dict[str, np.ndarray]:
    """By the names of the inputs."""
    net, feeds = onnx.load(path), dict(np.load(path.with_suffix(".npz")))
    net = onnx.shape_inference.infer_shapes(net, strict_mode=True, data_prop=True)
    graph = net.graph
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in (*graph.value_info, *graph.input, *graph.output)
    }
    shapes |= {t.name: list(t.dims) for t in graph.initializer}
    wanted = [k for k, v in feeds.items() if v.dtype == np.float32]
    builder = qat_graph.GraphBuilder("grad_")
    seed = builder.const(1.0)
    constants = {t.name: t for t in graph.initializer}
    builder.initializer.extend(constants.values())
    found = graph_grad.build_backward(builder, list(graph.node), shapes, {"loss": seed}, wanted)
    del graph.initializer[:]
    graph.initializer.extend({t.name: t for t in builder.initializer}.values())
    graph.node.extend(builder.nodes)
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in found.values()]
    graph.output.extend(outputs)
    if builder.functions:
        net.functions.extend(builder.functions)
        known = {o.domain for o in net.opset_import}
        domains = {f.domain for f in builder.functions} - known
        net.opset_import.extend(helper.make_opsetid(d, 1) for d in sorted(domains))
        net = inliner.inline_local_functions(net)
    given = {v.name: feeds[v.name] for v in net.graph.input}
    values = ReferenceEvaluator(net).run(list(found.values()), given)
    return dict(zip(found, values, strict=True))


for_each(Path(sys.argv[1]), gradients)
