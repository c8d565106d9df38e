"""The tables of a small program's bytes, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from odl import target
from odl.project import Project
from odl.report.size_report import print_sizes, print_sizes_json
from odl.result import Owner, SectionSize, Sizes

PROJECT = Project(
    folder=Path("net"), name="net", source="net.onnx", cores=2, model_hash=bytes(16), sources=(),
    target=replace(target.load("host"), name="fake"), arena_bytes=0, lower_bound=0, planner="",
    constant_bytes=0, macs=0, inputs=("x",), outputs=("y",), tensors=(), steps=(),
)  # fmt: skip
SIZES = Sizes(
    "cc",
    (
        SectionSize(".text", "far", 4000, 0),
        SectionSize(".rodata", "far", 1024, 0),
        SectionSize(".data", "far", 16, 16),
        SectionSize(".near", "near", 0, 2048),
    ),
    (
        Owner("run time", "", 0, 900, 8, 16),
        Owner("kernel", "relu", 2, 100, 0, 0),
        Owner("kernel", "matmul_f32", 3, 2900, 48, 0),
        Owner("arena", "near", 0, 0, 0, 1920),
        Owner("target", "fake", 0, 100, 0, 0),
        Owner("constants", "", 0, 0, 960, 0),
        Owner("rest", "stacks, strings and gaps", 0, 0, 24, 128),
    ),
)


def test_both_tables(golden: Callable[[str], None]) -> None:
    print_sizes(PROJECT, SIZES)
    golden("size.txt")


def test_json_has_each_part(capsys: pytest.CaptureFixture[str]) -> None:
    print_sizes_json(PROJECT, SIZES)
    data = json.loads(capsys.readouterr().out)
    assert (data["flash"], data["ram"], data["code"]) == (5040, 2064, 4000)
    assert data["sections"][3] == {"name": ".near", "memory": "near", "flash": 0, "ram": 2048}
    names = [(p["part"], p["name"]) for p in data["parts"]]
    assert names[:3] == [("kernel", "matmul_f32"), ("run time", ""), ("kernel", "relu")]
    assert data["parts"][0] == {
        "part": "kernel", "name": "matmul_f32", "steps": 3, "code": 2900, "data": 48, "ram": 0,
    }  # fmt: skip
    assert not data["training"]
