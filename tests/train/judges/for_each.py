"""Cases in a folder, each judged in a process of its own: a crash is one judge's one answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

Gradients = Callable[[Path], dict[str, np.ndarray]]


def for_each(folder: Path, gradients: Gradients) -> None:
    """For each NAME.onnx, write NAME.grad.npz, or NAME.txt with the reason why not."""
    for path in sorted(folder.glob("*.onnx")):
        child = os.fork()
        if child == 0:
            _one(path, gradients)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            path.with_suffix(".txt").write_text(f"the judge crashed (status {status})")


def _one(path: Path, gradients: Gradients) -> None:
    try:
        found = gradients(path)
    except Exception as e:
        path.with_suffix(".txt").write_text(f"{type(e).__name__}: {e}")
        return
    with path.with_suffix(".grad.npz").open("wb") as file:
        np.savez(file, **found)
