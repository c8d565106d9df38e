"""The demonstration's network learns left arms on PULP cores, in half precision as in single."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from odl.cli import _run
from odl.demo import DATA, MODEL

TAUGHT = 140
"""Windows that it learns from; the others are those that it is asked."""
VERIFIED = 2


def left_arms(folder: Path, every: int) -> tuple[Path, Path]:
    """Windows to learn from, and every n-th of others from the same wearers."""
    paths = folder / "taught.npz", folder / "asked.npz"
    with np.load(DATA.with_name("watch_left.npz")) as stored:
        for path, part in zip(paths, (slice(TAUGHT), slice(TAUGHT, None, every)), strict=True):
            np.savez(path, **{name: stored[name][part] for name in stored.files})
    return paths


def printed(capfd: pytest.CaptureFixture[str], *command: Any) -> str:
    """The JSON of a command that succeeds."""
    capfd.readouterr()
    assert _run([*map(str, command), "--json"]) == 0
    return capfd.readouterr().out


def test_half_precision_learns_as_well_as_single(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    slow = request.config.getoption("--slow")
    steps, rate, points, every = (500, 1e-3, 1, 1) if slow else (40, 3e-3, 6, 2)
    optimizer = f"adam:lr={rate},schedule=cosine,steps={steps}"
    taught, asked = left_arms(tmp_path, every)
    share = {}
    for dtype in ("fp32", "fp16"):
        folder, state = tmp_path / dtype, tmp_path / f"{dtype}.safetensors"
        options = ["--dtype", dtype, "--train", "full", "--optimizer", optimizer]
        assert _run(["compile", str(MODEL), "-t", "gap9", *options, "-o", str(folder)]) == 0
        lines = printed(
            capfd, "run", folder, "--data", taught, "--steps", steps, "--seed", 0, "--eval", asked,
            "--verify-steps", VERIFIED, "--save", state,
        )  # fmt: skip
        *losses, end = map(json.loads, lines.splitlines())
        assert end["ok"]
        assert end["verified_steps"] == VERIFIED
        assert end["skipped"] <= (steps // 100 if dtype == "fp16" else 0), "the scale adapts"
        curve = [step["loss"] for step in losses]
        assert len(curve) == steps
        assert np.isfinite(curve).all()
        assert np.mean(curve[-steps // 3 :]) < 0.7 * np.mean(curve[: steps // 3])
        before, after = (100 * end[k]["correct"] / end[k]["labelled"] for k in ("before", "after"))
        assert after > before + 20
        share[dtype] = after
        if dtype == "fp16":
            command = "run", folder, "--data", asked, "--load", state, "--no-verify"
            loaded = json.loads(printed(capfd, *command))
            assert loaded["correct"] == end["after"]["correct"], "what was saved is what was learnt"
    assert share["fp16"] > share["fp32"] - points
