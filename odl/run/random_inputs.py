"""Inputs for a run whose results do not matter: seeded, of each input's type, labels included."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import BOOL, I8, U8
from odl.project import Project, TensorInfo

Array = npt.NDArray[Any]


def random_inputs(project: Project, seed: int) -> dict[str, Array]:
    """One sample, and the label of a training step: random classes or values."""
    rng = np.random.default_rng(seed)
    label = project.training.label if project.training else ""
    classes = project.tensors[project.number(project.outputs[0])].shape[1:2]
    infos = [t for t in project.tensors if t.name in project.inputs]
    return {
        t.name: _random(rng, t, classes[0] if t.name == label and classes else 2) for t in infos
    }


def _random(rng: np.random.Generator, info: TensorInfo, whole: int) -> Array:
    """Normal floats; whole numbers below `whole`, for they may be classes or indices."""
    kind = info.dtype.numpy
    if info.dtype.is_float:
        return rng.standard_normal(info.shape).astype(kind)
    if info.dtype in (I8, U8):
        limits = np.iinfo(kind)  # type: ignore[type-var]
        return rng.integers(limits.min, limits.max, info.shape, endpoint=True).astype(kind)
    return rng.integers(2 if info.dtype is BOOL else whole, size=info.shape).astype(kind)
