"""Random inputs fit every input, are the same for a seed, and are valid classes and indices."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from odl.compile import Options, compile_graph
from odl.emit.project import write_project
from odl.project import Project, read
from odl.run.random_inputs import random_inputs
from odl.train.options import TrainOptions
from tests.models import graph

NET = """net (float[4,3] x, int64[5] at, bool[2] on, int8[600] small)
=> (float[4,6] y, float[5] rows, bool[2] off, int8[600] same)
{ w = Constant <value = float[3,6] {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9}> ()  y = MatMul (x, w)
  table = Constant <value_floats = [1.0, 2.0]> ()  rows = Gather (table, at)
  off = Not (on)  same = Identity (small) }"""
LEARNS = """net (float[40,3] x) => (float[40,6] y)
{ w = Constant <value = float[3,6] {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9}> ()  y = MatMul (x, w) }"""


def project(text: str, folder: Path, train: TrainOptions | None = None) -> Project:
    made = compile_graph(graph(text), "net", Options(train=train))
    write_project(made.program, made.target, made.stages, folder, "test.onnx")
    return read(folder)


def test_every_input_has_its_type_and_shape(tmp_path: Path) -> None:
    made = project(NET, tmp_path / "net")
    inputs = random_inputs(made, 3)
    infos = {t.name: t for t in made.tensors}
    assert set(inputs) == set(made.inputs)
    for name, array in inputs.items():
        assert (array.dtype, array.shape) == (infos[name].dtype.numpy, infos[name].shape)
    assert set(inputs["at"].tolist()) <= {0, 1}
    assert np.ptp(inputs["small"].astype(int)) > 200
    again, other = random_inputs(made, 3), random_inputs(made, 4)
    assert all(np.array_equal(inputs[n], again[n]) for n in inputs)
    assert not np.array_equal(inputs["x"], other["x"])


def test_a_label_holds_every_class_and_no_other(tmp_path: Path) -> None:
    inputs = random_inputs(project(LEARNS, tmp_path / "net", TrainOptions("full")), 0)
    assert inputs["label"].shape == (40,)
    assert set(inputs["label"].tolist()) == set(range(6))
