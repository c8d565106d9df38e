"""The whole table of a small benchmark, with a failure, and its figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from odl import target
from odl.report.bench_report import bench_roofline, print_bench, print_bench_json
from odl.result import Cost, Measurement
from odl.target import Limits, Target

SOURCES = {"a": "others, elsewhere", "b": "nobody"}
FOUND = (
    Measurement("small", "fp32", 1, 4000, 0, Cost(8000, 8000, (8000, 7000, 1000, 0)), 1),
    Measurement("small", "fp32", 2, 4000, 0, Cost(4100, 8200, (8200, 7000, 1000, 200)), 2, "0.9 a"),
    Measurement("net", "fp16", 1, error="it needs 5 bytes, of 4"),
    Measurement("net", "fp16", 2, 9000, 450, Cost(3000, 6000, (6000, 5900, 100, 0)), 4),
)


def machine(limits: Limits | None) -> Target:
    events = ("cycles", "instructions", "load_stall", "wait")
    return replace(target.load("host"), name="fake", counter="cycles", events=events, limits=limits)


LIMITED = machine(Limits(2, {"f32": 1, "f16": 2}, 8))


def test_the_whole_table(golden: Callable[[str], None]) -> None:
    print_bench(LIMITED, FOUND, SOURCES)
    golden("bench.txt")


def test_columns_fall_away(golden: Callable[[str], None]) -> None:
    plain = replace(machine(None), counter="instructions", events=())
    found = [
        replace(m, cost=replace(m.cost, events=()), limit=0, peer="", moved=0)
        for m in FOUND
        if m.cost and m.cores == 2
    ]
    print_bench(plain, found, SOURCES)
    golden("bench_plain.txt")


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    print_bench_json(LIMITED, FOUND, SOURCES)
    data = json.loads(capsys.readouterr().out)
    assert (data["target"], data["sources"]) == ("fake", SOURCES)
    assert set(data["accounting"]) == {"macs", "cycles", "moved"}
    assert data["measurements"][1] == {
        "work": "small", "dtype": "fp32", "cores": 2, "macs": 4000, "critical": 4100,
        "total": 8200, "rate": 4000 / 4100, "limit": 2, "moved": 0, "peer": "0.9 a",
        "events": {"cycles": 8200, "instructions": 7000, "load_stall": 1000, "wait": 200},
    }  # fmt: skip
    assert data["measurements"][2]["error"] == "it needs 5 bytes, of 4"


def test_the_figure_has_the_most_cores_and_both_ceilings() -> None:
    svg = bench_roofline(LIMITED, FOUND)
    texts = [e.text for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "odl on fake, 2 cores" in texts
    assert {"limit of fp32: 2", "limit of fp16: 4", "8 bytes/cycle"} <= set(texts)
    assert [t for t in texts if t in ("small fp32", "net fp16")] == ["net fp16", "small fp32"]
