"""Other forms and cuts than the estimated best: the same numbers, noted by name, kept in a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from odl.compile import Options, canonicalise
from odl.errors import ModelError
from odl.plan.choices import Choices, Measured, Trial
from odl.plan.interpret import interpret
from odl.plan.plan import plan
from odl.plan.tuned_file import Tuning, read_tuned, tuned_for, write_tuned
from odl.program import Program
from tests.models import conv_net, samples
from tests.plan.test_stage import machine

NEAR = 1536


def planned(choices: Choices) -> Program:
    model = ir.serde.deserialize_model(conv_net())
    canonicalise(model, Options("host"))
    return plan(model.graph, "net", machine(NEAR), 1, choices=choices)


def test_every_cut_computes_the_same() -> None:
    want = interpret(planned(Choices()), samples(conv_net()))
    sizes = set()
    for number in range(4):
        trial = Trial(0, number)
        program = planned(trial)
        sizes.add(len(program.calls))
        assert bool(trial.differs) == (number > 0)
        got = interpret(program, samples(conv_net()))
        for name in (t.name for t in program.listed):
            np.testing.assert_allclose(got[name], want[name], rtol=1e-5, atol=1e-6, err_msg=name)
    assert len(sizes) > 1


def test_what_a_trial_took_is_taken_again() -> None:
    trial = Trial(0, 1)
    program = planned(trial)
    cuts = {key: parts for by_call in trial.cuts.values() for key, parts in by_call.items()}
    assert str(planned(Measured({}, cuts))) == str(program)
    assert str(planned(Measured({}, {}))) == str(planned(Choices()))


def test_the_file(tmp_path: Path) -> None:
    path = tmp_path / "net.tuned.json"
    best = Measured({"conv": 1}, {"conv odl_conv2d_f32 %y": {"rows": 3}})
    write_tuned(path, Tuning("this", "hwc", best))
    tuning = read_tuned(path)
    assert tuning.layout == "hwc"
    found = tuning.choices("this", path)
    assert found.forms == {"conv": 1}
    assert found.cuts == {"conv odl_conv2d_f32 %y": {"rows": 3}}


def test_it_is_for_one_model_and_target(tmp_path: Path) -> None:
    path = tmp_path / "net.tuned.json"
    write_tuned(path, Tuning("this", "auto", Measured({}, {})))
    with pytest.raises(ModelError) as error:
        read_tuned(path).choices("that", path)
    assert str(error.value) == (
        f"{path}: was made for another model, target, precision, layout or training; "
        "run 'odl tune' with the options of this compilation"
    )
    assert error.value.exit_code == 3


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 1, "for": "this", "forms": 3, "cuts": {}}', "\0"]
)
def test_damaged_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.tuned.json"
    path.write_text(text)
    with pytest.raises(ModelError) as error:
        read_tuned(path)
    assert str(error.value) == f"{path}: no file of 'odl tune', or damaged"


@pytest.mark.parametrize(("schema", "layout"), [(1, "auto"), (2, "nchw"), (2, None)])
def test_files_of_other_versions(tmp_path: Path, schema: int, layout: str | None) -> None:
    path = tmp_path / "net.tuned.json"
    data = {"schema": schema, "for": "this", "layout": layout, "forms": {}, "cuts": {}}
    path.write_text(json.dumps(data))
    with pytest.raises(ModelError) as error:
        read_tuned(path)
    assert str(error.value) == f"{path}: is of another version of odl; run 'odl tune' again"


def test_weights_do_not_matter_but_shapes_and_targets_do() -> None:
    def of(net: onnx.ModelProto, target: str = "gap9") -> str:
        return tuned_for(net, target)

    other = conv_net(seed=1)
    assert of(conv_net()) == of(other)
    assert of(conv_net()) != of(conv_net(), "spike")
    other.graph.node[0].attribute[0].ints[0] += 1
    assert of(conv_net()) != of(other)


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    write_tuned(tmp_path / "a.json", Tuning("this", "auto", Measured({}, {})))
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert json.loads((tmp_path / "a.json").read_text())["schema"] == 2
