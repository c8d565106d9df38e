"""Training steps on PULP cores: every tensor within its bound, and the same for every team."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import version_converter

from odl.build.build import build
from odl.compile import Compiled, Options, compile_graph
from odl.emit.project import write_project
from odl.project import read
from odl.run.samples import Samples
from odl.run.session import RunOptions, connect, open_port
from odl.run.training import TrainingOptions, read_states, train
from odl.train.options import TrainOptions
from tests.conformance.cluster import TEAMS
from tests.conformance.random_models import Builder
from tests.firmware.hostcc import FIRMWARE

OPTIMIZERS = {
    "fp32": ("sgd:lr=0.05,momentum=0.9", "adamw:lr=0.01"),
    "fp16": ("sgd:lr=0.05,decay=0.01", "sgd:lr=0.05,momentum=0.9,decay=0.01"),
}
CASES = [(dtype, optimizer) for dtype, found in OPTIMIZERS.items() for optimizer in found]


@cache
def network() -> onnx.ModelProto:
    """Convolutions of all kinds, pools, and trained scales and shifts of 1 to 70 elements."""
    b = Builder(np.random.default_rng(3))
    x = b.input(1, 3, 9, 11)
    wide = b("Relu", b("Conv", x, b.weight(5, 3, 3, 3), b.weight(5), pads=[1] * 4))
    deep = b("Relu", b("Conv", wide, b.weight(5, 1, 3, 3), b.weight(5), group=5, pads=[1] * 4))
    point = b("Relu", b("Conv", deep, b.weight(7, 5, 1, 1), b.weight(7)))
    pooled = b("MaxPool", b("Clip", point, b.constant(-1.0), b.constant(6.0)), kernel_shape=[2, 2])
    mean = b("Flatten", b("AveragePool", pooled, kernel_shape=[8, 10]))
    parts = [mean]
    for n in (1, 2, 3, 21, 70):
        h = b("Gemm", mean, b.weight(7, n), b.weight(n))
        parts.append(b("Relu", b("Add", b("Mul", h, b.weight(n)), b.weight(n))))
    scores = b("Gemm", b("Concat", *parts, axis=1), b.weight(104, 4), b.weight(4))
    return b.model("net", scores).model


@cache
def compiled(dtype: str, optimizer: str) -> Compiled:
    """In the model's layout with the first optimizer, in the other one with the second."""
    train = TrainOptions("full", optimizer=optimizer)
    layout = "chw" if optimizer == OPTIMIZERS[dtype][0] else "hwc"
    options = Options("gap9", 8, dtype=dtype, train=train, layout=layout)
    net = version_converter.convert_version(network(), onnx.defs.onnx_opset_version())
    with pytest.MonkeyPatch.context() as patch:  # the memory need not be optimal
        patch.setattr("odl.plan.arena._solve", lambda *_: None)
        return compile_graph(ir.serde.deserialize_model(net), "net", options)


@pytest.mark.parametrize(("dtype", "optimizer"), CASES)
def test_steps_are_right_and_the_same_for_every_team(
    dtype: str, optimizer: str, tmp_path: Path
) -> None:
    made = compiled(dtype, optimizer)
    write_project(made.program, made.target, made.stages, tmp_path, "test.onnx")
    project = read(tmp_path)
    rng = np.random.default_rng(5)
    x, labels = rng.standard_normal((2, 1, 3, 9, 11)).astype(np.float32), np.array([[1], [3]])
    samples = Samples({"in0": x, "label": labels.astype(np.int32)}, labels)
    with open_port(project, Path(build(project).elf), RunOptions()) as port:
        device = connect(project, port, RunOptions())
        first = read_states(device)
        after = []
        for team in TEAMS:
            device.write(first)
            result = train(device, samples, TrainingOptions(2, 2 if team == 8 else 0, cores=team))
            if team == TEAMS[0]:
                assert result.verdict is not None
                assert result.ok, result.verdict.first
            assert result.skipped == 0
            after.append(read_states(device))
        device.close()
    assert after[0]["odl/updates"] == 2
    for team, states in zip(TEAMS, after, strict=True):
        for name, value in states.items():
            assert value.tobytes() == after[0][name].tobytes(), (team, name)


def test_every_kernel_of_training_is_met() -> None:
    """In one precision at least; both are made of the same text."""
    header = (FIRMWARE / "include/odl/kernels/xpulp.h").read_text(encoding="utf-8")
    training = r"\b(odl_(?:\w+_grad\w*|sgd|momentum|adam))_f(?:32|16)_xpulp\b"
    called = {call.function for case in CASES for call in compiled(*case).program.calls}
    met = {stem for function in called for stem in re.findall(training, function)}
    assert met >= set(re.findall(training, header))
