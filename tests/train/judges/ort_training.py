"""ONNX Runtime's training as a judge; runs in an environment that has it, without odl.

    python ort_training.py FOLDER

Reads each NAME.onnx and NAME.npz in FOLDER, and writes what for_each.py says: gradients of the loss
with respect to the float inputs.
"""

from __future__ import annotations

import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from for_each import for_each
from onnx import TensorProto, helper, numpy_helper

for name in ("optim", "amp", "ortmodule"):  # they need torch, which generate_artifacts does not
    module = types.ModuleType(f"onnxruntime.training.{name}")
    module.ORTModule = None
    sys.modules[module.__name__] = module
ort.set_default_logger_severity(4)
from onnxruntime.training import artifacts  # noqa: E402

BUFFER = "_grad.accumulation.buffer"


def gradients(path: Path) -> dict[str, np.ndarray]:
    """By the names of the inputs."""
    net, feeds = onnx.load(path), dict(np.load(path.with_suffix(".npz")))
    wanted = [k for k, v in feeds.items() if v.dtype == np.float32]
    plain = [v for v in net.graph.input if v.name not in wanted]
    del net.graph.input[:]
    net.graph.input.extend(plain)
    # A model needs an input, which also becomes a part of the loss: a 0.
    net.graph.input.append(helper.make_tensor_value_info("nothing", TensorProto.FLOAT, []))
    net.graph.node.append(helper.make_node("Add", ["loss", "nothing"], ["total"]))
    net.graph.output[0].name = "total"
    net.graph.initializer.extend(numpy_helper.from_array(feeds[k], k) for k in wanted)
    onnx.checker.check_model(net, full_check=True)
    with tempfile.TemporaryDirectory() as folder:
        artifacts.generate_artifacts(
            net, requires_grad=wanted, frozen_params=[], artifact_directory=folder
        )
        step = onnx.load(f"{folder}/training_model.onnx")
    made = {o for n in step.graph.node for o in n.output}
    found = [k for k in wanted if f"{k}_grad" in made]
    for k in found:
        step.graph.output.append(
            helper.make_tensor_value_info(f"{k}_grad", TensorProto.FLOAT, None)
        )
    session = ort.InferenceSession(step.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {"nothing": np.zeros((), np.float32), "lazy_reset_grad": np.array([True]), **feeds}
    for value in session.get_inputs():
        if value.name.endswith(BUFFER):
            given[value.name] = np.zeros_like(feeds[value.name.removesuffix(BUFFER)])
    names = {value.name for value in session.get_inputs()}
    outputs = session.run([f"{k}_grad" for k in found], {k: given[k] for k in names})
    return dict(zip(found, outputs, strict=True))


for_each(Path(sys.argv[1]), gradients)
