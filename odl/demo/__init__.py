"""The demonstration: a network of our own, and windows of wearers that it has never seen."""

from pathlib import Path

_HERE = Path(__file__).parent

MODEL = _HERE / "watch.onnx"
DATA = _HERE / "watch_heldout.npz"
