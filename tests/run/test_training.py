"""Training on devices, C under sanitizers: steps, verification, states, and what is refused."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from odl.errors import CheckFailed, IntegrityError, ModelError, UsageError
from odl.plan.interpret import first_states
from odl.run.device import Device
from odl.run.link import Link
from odl.run.ports import Port
from odl.run.samples import Samples
from odl.run.session import RunOptions, evaluate
from odl.run.state_file import load_state, save_state
from odl.run.training import TrainingOptions, learn, read_states, train, training_info
from odl.train.options import TrainOptions
from tests.devices import Programs, host_programs
from tests.train.steps import batches, compiled
from tests.train.steps import train as on_numpy

MODELS = [
    compiled(TrainOptions("full", optimizer="adam:lr=0.01", accumulate=2)),
    compiled(TrainOptions("full", optimizer="sgd:lr=0.02,momentum=0.9"), dtype="fp16", ram=4096),
    compiled(TrainOptions("last:1", layerwise=True)),
    compiled(TrainOptions("core:r=1,alpha=3")),
]
NAMES = ["adam", "half", "last", "core"]


@pytest.fixture(scope="module")
def trainers(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    models = [
        replace(m, program=replace(m.program, name=name))
        for m, name in zip(MODELS, NAMES, strict=True)
    ]
    return host_programs(models, tmp_path_factory.mktemp("training"))


def data(count: int, training: bool = True) -> Samples:
    feeds = batches(count)
    labels = np.stack([f["label"] for f in feeds])
    inputs = {"image": np.stack([f["image"] for f in feeds])}
    return Samples({**inputs, "label": labels} if training else inputs, labels)


def device(trainers: Programs, number: int, port: Port) -> Device:
    return Device(Link(port, 10.0), trainers.projects[number])


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES.__getitem__)
def test_every_tensor_of_every_step_is_in_its_bound(trainers: Programs, number: int) -> None:
    with trainers.serve(number) as port:
        result = train(device(trainers, number, port), data(4), TrainingOptions(8, verified=8))
    assert result.verdict is not None
    assert result.ok, result.verdict.first
    assert (len(result.steps), result.verified, result.skipped) == (8, 8, 0)
    drift = result.verdict.checks["loss"].drift
    assert drift < (0.2 if NAMES[number] == "half" else 1e-4)


def test_the_device_learns_what_numpy_learns(trainers: Programs) -> None:
    with trainers.serve(0) as port:
        where = device(trainers, 0, port)
        result = train(where, data(4), TrainingOptions(6, verified=0))
        states = read_states(where)
    seen = on_numpy(MODELS[0], (batches(4) * 2)[:6])
    losses = [step.loss for step in result.steps]
    np.testing.assert_allclose(losses, [float(s["loss"]) for s in seen], rtol=1e-4)
    for s in MODELS[0].program.states:
        np.testing.assert_allclose(states[s.tensor], seen[-1][s.successor], rtol=1e-2, atol=1e-5)


def test_samples_are_shuffled_anew_in_each_epoch_and_the_same_for_one_seed(
    trainers: Programs,
) -> None:
    def losses(seed: int | None) -> list[float]:
        with trainers.serve(2) as port:
            options = TrainingOptions(6, verified=0, seed=seed)
            return [s.loss for s in train(device(trainers, 2, port), data(3), options).steps]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)
    assert losses(None) != losses(1)


def test_evaluation_runs_the_forward_part_alone_and_changes_nothing(trainers: Programs) -> None:
    with trainers.serve(0) as port:
        where = device(trainers, 0, port)
        before = read_states(where)
        result = evaluate(where, data(3, training=False), RunOptions())
        after = read_states(where)
    assert result.verdict is not None
    assert result.ok, result.verdict.first
    assert result.labelled == 3
    assert set(result.outputs) == {"scores"}
    assert all(before[n].tobytes() == after[n].tobytes() for n in before)


def test_accuracy_is_known_before_and_after(trainers: Programs) -> None:
    with trainers.serve(1) as port:
        where = device(trainers, 1, port)
        options = TrainingOptions(120, verified=1, seed=0)
        result, before, after = learn(where, data(30), data(30, training=False), options)
    assert result.ok
    assert before is not None
    assert after is not None
    assert after.correct > before.correct


def test_skipped_steps_are_counted_and_sixteen_in_a_row_are_an_error(trainers: Programs) -> None:
    bad = data(2)
    bad.inputs["image"][0] = np.nan
    with trainers.serve(2) as port:
        where = device(trainers, 2, port)
        result = train(where, bad, TrainingOptions(4, verified=4))
        assert result.ok
        assert [s.skipped for s in result.steps] == [True, False, True, False]
        assert result.skipped == 2
        bad.inputs["image"][1] = np.inf
        with pytest.raises(CheckFailed) as error:
            train(where, bad, TrainingOptions(40, verified=0))
    assert "16 steps in a row" in str(error.value)


def test_a_state_is_saved_and_goes_on_elsewhere(trainers: Programs, tmp_path: Path) -> None:
    project, path = trainers.projects[0], tmp_path / "state.safetensors"
    with trainers.serve(0) as port:
        where = device(trainers, 0, port)
        train(where, data(4), TrainingOptions(4, verified=0))
        save_state(path, project, read_states(where))
        want = train(where, data(4), TrainingOptions(4, verified=0))
    with trainers.serve(0) as port:
        where = device(trainers, 0, port)
        states = load_state(path, project)
        where.write(states)
        got = train(where, data(4), TrainingOptions(4, verified=0))
    assert [s.loss for s in got.steps] == [s.loss for s in want.steps]
    first = first_states(MODELS[0].program)
    assert {n: v.shape for n, v in states.items()} == {n: v.shape for n, v in first.items()}
    assert not list(tmp_path.glob(".*"))


def test_foreign_and_damaged_state_files_are_refused(trainers: Programs, tmp_path: Path) -> None:
    mine, other = trainers.projects[0], trainers.projects[2]
    path = tmp_path / "s.safetensors"
    with trainers.serve(0) as port:
        save_state(path, mine, read_states(device(trainers, 0, port)))
    with pytest.raises(IntegrityError) as error:
        load_state(path, other)
    assert "another program ('adam'" in str(error.value)
    whole = path.read_bytes()
    damaged = [b"", b"\0" * 8, whole[:40], whole[:-1], struct.pack("<Q", 1 << 60) + whole[8:]]
    for data_ in damaged:
        path.write_bytes(data_)
        with pytest.raises(ModelError):
            load_state(path, mine)
    with pytest.raises(ModelError) as missing:
        load_state(tmp_path / "nothing", mine)
    assert "does not exist" in str(missing.value)


def test_a_program_that_does_not_train_is_refused(programs: Programs) -> None:
    with pytest.raises(UsageError) as error:
        training_info(programs.projects[0])
    assert str(error.value) == "the program does not train; compile it with --train"
