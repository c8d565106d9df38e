"""odl compare from the command line, on a network small enough for that."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from odl.cli import _run
from tests.models import conv_net


@pytest.fixture
def files(tmp_path: Path) -> Path:
    onnx.save(conv_net(), tmp_path / "net.onnx")
    kinds = np.random.default_rng(0).normal(size=(3, 2, 8, 8))
    for name, seed in (("stream", 1), ("target", 2), ("source", 3)):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 3, 40)
        x = kinds[y] + 0.3 * rng.normal(size=(40, 2, 8, 8))
        np.savez(tmp_path / f"{name}.npz", image=x.astype(np.float32), y=y)
    return tmp_path


def test_methods_side_by_side(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rate at which nothing is learnt is not taken; a method that cannot be is a line."""
    args = [
        "compare", str(files / "net.onnx"), "--methods",
        "full,last:n=1@replay:size=8,rounds=2,gda-head,layers=nothing", "--stream",
        str(files / "stream.npz"), "--eval",
        f"target={files / 'target.npz'},source={files / 'source.npz'}",
        "--samples", "10,60", "--seeds", "2", "--rates", "1e-9,0.05", "--json",
    ]  # fmt: skip
    assert _run(args) == 1
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [o["method"] for o in outcomes] == [
        "full", "last:n=1@replay:size=8,rounds=2", "gda-head", "layers=nothing",
    ]  # fmt: skip
    full, replay, gda, wrong = outcomes
    assert full["rate"] == replay["rate"] == 0.05
    assert gda["rate"] == 0
    assert list(full["accuracy"]) == ["0", "10", "60"]
    assert full["accuracy"]["0"] == replay["accuracy"]["0"]
    assert full["accuracy"]["60"]["target"] > full["accuracy"]["0"]["target"]
    assert replay["steps_per_sample"] == 3
    assert full["ram_bytes"] > 0
    assert gda["critical_per_step"] > 0
    assert "chooses none of the model's parameters" in wrong["error"]
