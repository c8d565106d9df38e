"""The whole table of a small profile, on a target with events and on one without."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from odl import target
from odl.project import Project, StepInfo
from odl.report.profile_report import print_profile, print_profile_json
from odl.result import Cost

EVENTS = ("cycles", "instructions", "load_stall", "never", "wait")
STEPS = (
    StepInfo("stem", "Conv", "odl_conv2d_f16", 3000, moved=100),
    StepInfo("stem", "Conv", "odl_conv2d_f16", 1000, moved=50),
    StepInfo("act", "Relu", "odl_relu_f16", 0),
    StepInfo("dense", "Gemm", "odl_matmul_f16", 600),
)
COSTS = (
    Cost(700, 1200, (1400, 1000, 200, 0, 200)),
    Cost(300, 600, (600, 500, 100, 0, 0)),
    Cost(50, 60, (100, 60, 0, 0, 40)),
    Cost(200, 390, (400, 300, 90, 1, 9)),
)


def project(events: tuple[str, ...], counter: str) -> Project:
    machine = replace(target.load("host"), name="fake", events=events, counter=counter)
    return Project(
        folder=Path("net"), name="net", source="net.onnx", target=machine, cores=2,
        model_hash=bytes(16), sources=(), arena_bytes=0, lower_bound=0, planner="", macs=4600,
        constant_bytes=0, inputs=("x",), outputs=("y",), tensors=(), steps=STEPS,
    )  # fmt: skip


def test_the_whole_table(golden: Callable[[str], None]) -> None:
    print_profile(project(EVENTS, "cycles"), COSTS, 0)
    golden("profile.txt")


def test_the_costliest_without_events(golden: Callable[[str], None]) -> None:
    costs = [replace(c, events=()) for c in COSTS]
    print_profile(project((), "instructions"), costs, 1, top=1)
    golden("profile_top.txt")


def test_json_has_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    print_profile_json(project(EVENTS, "cycles"), COSTS, 1)
    data = json.loads(capsys.readouterr().out)
    assert (data["critical"], data["macs"], data["moved"], data["cores"]) == (1250, 4600, 150, 1)
    assert data["events"] == dict(zip(EVENTS, (2500, 1860, 390, 1, 249), strict=True))
    assert [s["critical"] for s in data["steps"]] == [700, 300, 50, 200]
    assert data["steps"][1] == {
        "step": 1, "node": "stem", "op": "Conv", "kernel": "odl_conv2d_f16", "macs": 1000,
        "moved": 50, "critical": 300, "total": 600,
        "events": dict(zip(EVENTS, (600, 500, 100, 0, 0), strict=True)),
    }  # fmt: skip
