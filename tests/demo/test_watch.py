"""What the demonstration ships: small, sound, and as good as it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from odl.demo import DATA, MODEL

LEFT = DATA.with_name("watch_left.npz")
CLASSES = 7


@pytest.mark.parametrize("path", [DATA, LEFT], ids=["heldout", "left"])
def test_windows_are_small_and_sound(path: Path) -> None:
    assert path.stat().st_size < 350_000
    with np.load(path, allow_pickle=False) as stored:
        assert set(stored.files) == {"imu", "y"}
        imu, y = stored["imu"], stored["y"]
    assert imu.dtype == np.float32
    assert imu.shape == (len(y), 6, 64)
    assert np.isfinite(imu).all()
    assert (np.bincount(y, minlength=CLASSES) == len(y) // CLASSES).all()


def test_the_model_is_sound_and_says_where_it_comes_from() -> None:
    model = onnx.load(MODEL)
    onnx.checker.check_model(model, full_check=True)
    properties = {p.key: p.value for p in model.metadata_props}
    assert len(json.loads(properties["labels"])) == CLASSES
    assert "seglearn" in properties["data"]
    assert MODEL.stat().st_size < 60_000
    assert any(n.op_type == "BatchNormalization" for n in model.graph.node), "left to the compiler"


@pytest.mark.parametrize(("path", "least", "most"), [(DATA, 0.85, 1.0), (LEFT, 0.0, 0.4)])
def test_it_knows_right_arms_and_not_left_ones(path: Path, least: float, most: float) -> None:
    stored = np.load(path)
    scores = ort.InferenceSession(str(MODEL)).run(None, {"imu": stored["imu"]})[0]
    assert least <= (scores.argmax(axis=1) == stored["y"]).mean() <= most
