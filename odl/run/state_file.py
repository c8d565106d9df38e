"""What a device has learnt, as a safetensors file: every state under its name, and whose it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from odl import __version__
from odl.errors import IntegrityError, ModelError, printable
from odl.files import write_whole
from odl.project import Project

Array = npt.NDArray[Any]

UPDATES = "odl/updates"
"""The state that counts the updates made."""

LARGEST = 1 << 30
"""Bytes of a file."""


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
    from safetensors import safe_open

    if not path.is_file():
        raise ModelError("the state file does not exist", where=str(path))
    if path.stat().st_size > LARGEST:
        raise ModelError(f"larger than {LARGEST >> 30} GiB", where=str(path))
    try:
        with safe_open(str(path), "numpy") as stored:
            about = stored.metadata() or {}
            found = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except Exception as e:  # the library's errors have no common base
        raise ModelError(
            f"not a readable safetensors file ({printable(e)})", where=str(path)
        ) from e
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
