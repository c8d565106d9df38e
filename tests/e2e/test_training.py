"""Networks of several kinds learn on Spike's harts, each step checked tensor by tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from odl.adapt.generator import choose, integers
from odl.build.build import build
from odl.compile import Options, compile_graph
from odl.demo import DATA, MODEL
from odl.emit.project import write_project
from odl.frontend.onnx_file import read_onnx
from odl.project import Project, read
from odl.result import TrainingResult
from odl.run.samples import Samples, read_samples
from odl.run.session import RunOptions, connect, open_port
from odl.run.training import TrainingOptions, read_states, train
from odl.train.options import TrainOptions
from tests.train.networks import network, sequences
from tests.train.test_thin import CHANNELS, DEPTH, SIDE, pointwise


def project(net: ir.Model, folder: Path, target: str, dtype: str, optimizer: str) -> Project:
    options = TrainOptions("full", optimizer=optimizer, loss_scale="dynamic")
    made = compile_graph(net, "net", Options(target, 4, dtype=dtype, train=options))
    write_project(made.program, made.target, made.stages, folder, "test.onnx")
    return read(folder)


def trained(made: Project, samples: Samples, steps: int, verified: int) -> TrainingResult:
    elf = Path(build(made).elf)
    with open_port(made, elf, RunOptions()) as port:
        device = connect(made, port, RunOptions())
        result = train(device, samples, TrainingOptions(steps, verified, seed=0))
        device.close()
    return result


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
@pytest.mark.parametrize("name", ["transformer", "lstm"])
def test_attention_and_recurrence_learn(name: str, dtype: str, tmp_path: Path) -> None:
    x, labels = sequences(name, 60)
    samples = Samples({"x": x, "label": labels[:, None]}, labels[:, None])
    net = ir.serde.deserialize_model(network(name))
    made = project(net, tmp_path / "net", "spike", dtype, "adam:lr=0.01")
    result = trained(made, samples, 180, 3)
    assert result.verdict is not None
    assert result.ok, result.verdict.first
    losses = [step.loss for step in result.steps]
    assert result.skipped == 0
    assert np.mean(losses[-60:]) < 0.5 * np.mean(losses[:60])


@pytest.mark.parametrize(("target", "dtype"), [("qemu", "fp32"), ("spike-rvv", "fp16")])
def test_other_targets_learn_the_same_way(target: str, dtype: str, tmp_path: Path) -> None:
    made = project(read_onnx(MODEL), tmp_path / "net", target, dtype, "sgd:lr=0.01,momentum=0.9")
    result = trained(made, read_samples(DATA, made, 4, training=True), 4, 4)
    assert result.verdict is not None
    assert result.ok, result.verdict.first


@pytest.mark.parametrize("target", ["spike", "gap9"])
def test_a_step_is_the_same_for_every_number_of_harts(target: str, tmp_path: Path) -> None:
    made = project(read_onnx(MODEL), tmp_path / "net", target, "fp16", "adam:lr=0.01")
    samples = read_samples(DATA, made, 5, training=True)
    losses = []
    elf = Path(build(made).elf)
    for harts in (1, 2, 4):
        with open_port(made, elf, RunOptions()) as port:
            device = connect(made, port, RunOptions())
            result = train(device, samples, TrainingOptions(10, 0, cores=harts))
            device.close()
        losses.append([step.loss for step in result.steps])
    assert losses[0] == losses[1] == losses[2]


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_an_adapter_learns(dtype: str, tmp_path: Path) -> None:
    options = TrainOptions("lora:r=4+bias", optimizer="adam:lr=0.003", loss_scale="dynamic")
    net = compile_graph(read_onnx(MODEL), "net", Options("spike", 4, dtype=dtype, train=options))
    write_project(net.program, net.target, net.stages, tmp_path / "net", "test.onnx")
    made = read(tmp_path / "net")
    result = trained(made, read_samples(DATA, made, 24, training=True), 48, 3)
    assert result.verdict is not None
    assert result.ok, result.verdict.first
    losses = [step.loss for step in result.steps]
    assert result.skipped == 0
    assert np.mean(losses[-24:]) < 0.8 * np.mean(losses[:24])


@pytest.mark.parametrize(("target", "dtype"), [("spike", "fp16"), ("gap9", "fp32")])
def test_layers_take_turns_and_the_rest_of_a_step_is_left_out(
    target: str, dtype: str, tmp_path: Path
) -> None:
    """As the host's generator says; what is done is verified, and costs less for late layers."""
    text = "lisa:layers=1,period=1,seed=1+wta-crs:keep=0.5"
    options = TrainOptions(text, optimizer="adam:lr=0.001", loss_scale="dynamic")
    net = compile_graph(
        ir.serde.deserialize_model(pointwise()), "net",
        Options(target, 4, dtype=dtype, train=options),
    )  # fmt: skip
    write_project(net.program, net.target, net.stages, tmp_path / "net", "test.onnx")
    made, rng, cost = read(tmp_path / "net"), np.random.default_rng(0), dict[int, float]()
    labels = np.zeros((1, 1), np.int32)
    with open_port(made, Path(build(made).elf), RunOptions()) as port:
        device = connect(made, port, RunOptions())
        before = read_states(device)
        for number in range(5):
            x = rng.normal(size=(1, 1, CHANNELS, SIDE, SIDE)).astype(np.float32)
            samples = Samples({"x": x, "label": labels}, labels)
            result = train(device, samples, TrainingOptions(1, 1))
            assert result.verdict is not None
            assert result.ok, result.verdict.first
            after = read_states(device)
            (layer,) = choose(int(integers(1, number + 1)[number]), 1, DEPTH)
            moved = {n for n in after if n[0] in "wb" and (after[n] != before[n]).any()}
            assert {n[1] for n in moved} == {str(layer), "d"}
            cost[int(layer)], before = result.cost.critical, after
        device.close()
    assert len(cost) > 1
    assert [cost[i] for i in sorted(cost)] == sorted(cost.values(), reverse=True)
