"""Streams on simulated devices: every step is judged, and what is learnt is what NumPy learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from odl.build.build import build
from odl.emit.project import write_project
from odl.project import read
from odl.run.samples import Samples
from odl.run.session import RunOptions, connect, open_port
from odl.run.stream import StreamOptions, Task, adapt
from odl.run.training import read_states
from odl.train.options import TrainOptions
from tests.train.steps import batches, compiled, states_after, train

CASES = [
    ("spike", "fp32", "last:1", "replay:size=4,rounds=2", 3),
    ("gap9", "fp16", "lora:r=2+bias", "replay:size=4,source=2", 2),
    ("gap9", "fp16", "lora:r=2+bias", "lae:decay=0.9,calibrate=3", 1),
    ("spike", "fp32", "lora-fa:r=2,seeded", "", 1),
    ("gap9", "fp16", "lora-fa:r=2,seeded+bias", "lae:decay=0.9", 1),
    ("spike", "fp32", "sparse:share=0.2,every=3+bias", "", 1),
    ("gap9", "fp16", "sparse:share=0.2,every=2", "lae:decay=0.9", 1),
    ("spike", "fp32", "gda-head", "", 1),
    ("gap9", "fp16", "gda-head", "", 1),
]
LESSONS = 8


@pytest.mark.parametrize(("target", "dtype", "what", "strategy", "rounds"), CASES)
def test_streams(
    target: str, dtype: str, what: str, strategy: str, rounds: int, tmp_path: Path
) -> None:
    options = TrainOptions(what, optimizer="sgd:lr=0.03", strategy=strategy)
    source = {"image": np.stack([f["image"] for f in batches(9)]), "y": np.arange(9) % 3}
    made = compiled(options, dtype=dtype, target=target, source=source)
    write_project(made.program, made.target, made.stages, tmp_path / "net", "test.onnx")
    project = read(tmp_path / "net")
    feeds = batches(LESSONS)
    arrays = {k: np.stack([f[k] for f in feeds]) for k in feeds[0]}
    samples = Samples(arrays, arrays["label"])
    tests = {"same": Samples({"image": arrays["image"]}, arrays["label"])}
    with open_port(project, Path(build(project).elf), RunOptions()) as port:
        device = connect(project, port, RunOptions())
        stream = StreamOptions(verified=(LESSONS - 2) * rounds)
        result = adapt(device, [Task("all", samples)], tests, stream)
        learnt = read_states(device)
        device.close()
    assert result.training.verdict is not None
    assert result.training.ok, result.training.verdict.first
    assert [m.learnt for m in result.marks] == [0, LESSONS]
    assert len(result.training.steps) == LESSONS * rounds
    by_numpy = states_after(made, train(made, [f for f in feeds for _ in range(rounds)])[-1])
    for name, value in by_numpy.items():
        bound = 1e-4 if dtype == "fp32" else 0.02
        size = max(1e-3, float(np.abs(value.astype(np.float64)).max()))
        error = np.abs(learnt[name].astype(np.float64) - value).max()
        slack = 1 if value.dtype == np.int8 else 0  # a code may fall on the other side
        assert error <= bound * size + slack, name
