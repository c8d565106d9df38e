"""The demonstration: a network of our own, and windows of wearers that it has never seen."""

from pathlib import Path

_HERE = Path(__file__).parent

MODEL = _HERE / "watch.onnx"
DATA = _HERE / "watch_heldout.npz"
LEFT = _HERE / "watch_left.npz"
"""Windows of the same wearers' left arms, where the axes are mirrored."""
TRAIN, OPTIMIZER, STRATEGY = "pissa:r=4+bias", "sgd:lr=0.003", "replay:size=64"
"""How the device learns them."""
