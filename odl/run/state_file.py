"""What a device has learnt, as a safetensors file: every state under its name, and whose it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from odl import __version__
from odl.errors import IntegrityError
from odl.files import read_tensors, write_whole
from odl.project import Project

Array = npt.NDArray[Any]

UPDATES = "odl/updates"
"""The state that counts the updates made."""


def save_state(path: Path, project: Project, states: dict[str, Array]) -> None:
    """Write the file, whole or not at all.

    Raises:
        DeviceError: it cannot be written.
    """
    from safetensors.numpy import save

    about = {
        "model": project.name,
        "model_hash": project.model_hash.hex(),
        "updates": str(int(states[UPDATES])),
        "odl": __version__,
    }
    write_whole(path, save({k: np.asarray(v, order="C") for k, v in states.items()}, about))


def load_state(path: Path, project: Project) -> dict[str, Array]:
    """The states in the file, which must be those of this program.

    Raises:
        ModelError: the file is missing or damaged.
        IntegrityError: it was saved from another program.
    """
    found, about = read_tensors(path, "state")
    theirs = about.get("model_hash", "")
    if theirs != project.model_hash.hex():
        raise IntegrityError(
            f"was saved from another program ('{about.get('model', '?')}', {theirs[:8] or '?'}, "
            f"not {project.model_hash.hex()[:8]})",
            where=str(path),
            advice="compile the model as it was compiled then",
        )
    assert project.training is not None
    for name, _ in project.training.states:
        info = project.tensors[project.number(name)]
        array = found.get(name)
        if array is None or array.shape != info.shape or array.dtype != info.dtype.numpy:
            raise IntegrityError(f"state '{name}' is missing or has another shape", where=str(path))
    return {name: found[name] for name, _ in project.training.states}
