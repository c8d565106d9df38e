"""The report of a run names what failed, where, and by how much."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from odl.compile import Options, compile_to
from odl.demo import MODEL
from odl.dtype import F32, I64
from odl.project import Project, read
from odl.report.run_report import divergence, print_run, print_run_json
from odl.result import Check, Cost, Result, Verdict


@pytest.fixture
def project(tmp_path: Path) -> Project:
    compile_to(MODEL, tmp_path / "watch", Options("spike", 4))
    return read(tmp_path / "watch")


def result(*checks: Check, first: tuple[int, str] | None = None) -> Result:
    verdict = Verdict({c.name: c for c in checks}, samples=2, original=3e-7, first=first)
    return Result(
        verdict=verdict,
        samples=2,
        cost=Cost(critical=2000, total=6000),
        cores=4,
        right=np.array([True, True, True, False]),
        repeated=5,
        outputs={"probabilities": np.zeros((2, 1, 7), np.float32)},
    )


GOOD = Check("stem/y", "stem", "Conv", F32, (1, 2), 1, max_abs=1e-6, bound=2e-6, share=0.5)
TIED = Check("top", "argmax", "ArgMax", I64, (1,), 2, ties=1)
BAD = Check("pool/y", "pool", "MaxPool", F32, (4,), 3, max_abs=0.5, share=np.inf, failed=7)


def test_a_good_run(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    print_run(project, result(GOOD, TIED), flash=40_000, ram=30_000)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == [
        *("stem/y", "Conv", "stem", "f32[1,2]", "1.00e-06", "0", "2.00e-06", "50.0%", "0", "ok")
    ]
    assert lines[3].endswith("ok (1 ties)")
    assert [" ".join(line.split()) for line in lines[4:]] == [
        "accuracy 75.0% (3 of 4)",
        "RAM 30,000 bytes: arena 7,168 bytes (1.000 of the lower bound), the rest stacks and "
        "run time",
        "flash 40,000 bytes, of which 15,276 constants",
        "instructions per inference 1,000 on the critical path of 4 cores (75% busy), 3,000 in "
        "all, for 78,928 MAC",
        "link 5 requests were sent again",
        "verified 2 tensors of 2 samples, all within their bounds",
        "against the model outputs are at most 3.00e-07 from those of watch.onnx",
    ]


def test_a_model_that_the_reference_cannot_run_is_not_compared(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    good = result(GOOD)
    assert good.verdict is not None
    good.verdict.original = np.inf
    print_run(project, good)
    last = capsys.readouterr().out.rstrip().splitlines()[-1]
    assert last.split(None, 3)[3] == "not compared: onnx.reference cannot run watch.onnx as it is"


def test_a_bad_run_names_the_first_divergence(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = result(GOOD, BAD, first=(1, "pool/y"))
    assert bad.verdict is not None
    assert divergence(bad.verdict) == (
        "MaxPool node 'pool', tensor 'pool/y', sample 1: 7 elements out of bounds, "
        "largest error 0.5, bound 0"
    )
    print_run(project, bad)
    out = capsys.readouterr().out
    assert "far out" in out
    assert "7 WRONG" in out
    assert out.rstrip().splitlines()[-1].startswith("FAILED ")


def test_json_holds_the_same(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    print_run_json(project, result(GOOD, BAD, first=(1, "pool/y")), flash=40_000)
    data = json.loads(capsys.readouterr().out)
    assert data["ok"] is False
    assert data["accuracy"] == 0.75
    assert data["critical_per_inference"] == 1000
    assert data["first_divergence"] == {
        "sample": 1,
        "tensor": "pool/y",
        "node": "pool",
        "op": "MaxPool",
    }
    assert data["tensors"][1]["share"] == "inf"
    assert data["ram_bytes"] is None
