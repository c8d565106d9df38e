"""Profiles of a simulated cluster: steps make up a run, and causes make up the cycles."""

from __future__ import annotations

import json
from functools import reduce
from operator import add
from pathlib import Path

import pytest

from odl.build.build import build
from odl.cli import _run
from odl.demo import DATA, MODEL
from odl.project import Project, read
from odl.run.profile import profile
from odl.run.random_inputs import random_inputs
from odl.run.session import RunOptions, connect, open_port


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("profile") / "watch"
    assert _run(["compile", str(MODEL), "-t", "gap9", "--dtype", "fp16", "-o", str(folder)]) == 0
    return read(folder)


@pytest.mark.parametrize("cores", [8, 3])
def test_steps_make_up_a_run_and_causes_the_cycles(watch: Project, cores: int) -> None:
    inputs, steps = random_inputs(watch, 0), len(watch.steps)
    with open_port(watch, Path(build(watch).elf), RunOptions()) as port:
        device = connect(watch, port, RunOptions())
        costs = profile(device, inputs, cores)
        device.write(inputs)
        before = device.cost()
        device.run(0, steps, cores)
        whole = device.cost() - before
        device.close()
    for cost in costs:
        cycles, *causes = cost.events
        assert cycles == pytest.approx(cores * cost.critical, rel=0.02)
        assert sum(causes) == pytest.approx(cycles, rel=0.05), "every cycle has a cause"
        assert cost.total == cycles - sum(causes[-2:]), "waiting is no work"
    alone = reduce(add, costs)
    assert alone.critical == pytest.approx(whole.critical, rel=0.05), "a run is its steps' sum"
    assert alone.total == pytest.approx(whole.total, rel=0.05)
    names = watch.target.events
    assert alone.events[names.index("fpu_stall")] > 0 or cores < 5, "five cores share four FPUs"


def test_the_command(watch: Project, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["profile", str(watch.folder), "--data", str(DATA), "--cores", "2"]
    assert _run([*command, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [s["step"] for s in data["steps"]] == list(range(len(watch.steps)))
    assert data["critical"] == sum(s["critical"] for s in data["steps"])
    assert list(data["events"]) == list(watch.target.events)
    assert _run([*command, "--top", "3"]) == 0
    text = capsys.readouterr().out
    assert "others" in text
    assert "MAC/cycle" in text
    assert f"{data['critical']:,}" in text
