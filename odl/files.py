"""Files of the user: written whole or not at all, read with a limit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy.typing as npt

from odl.errors import DeviceError, ModelError, printable

LARGEST_TEXT = 1 << 24
LARGEST_TENSORS = 1 << 30
"""Bytes."""


def cache_folder() -> Path:
    """Where odl keeps what it can make again; it need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "odl"


def write_whole(path: Path, data: bytes) -> None:
    """Write beside the file's place first, so that it is there whole or not at all.

    Raises:
        DeviceError: it cannot be written.
    """
    scratch = path.with_name(f".{path.name}.new")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    except OSError as e:
        scratch.unlink(missing_ok=True)
        raise DeviceError(f"cannot be written: {e.strerror}", where=str(path)) from e


def read_text(path: Path) -> str:
    """The text of a file in UTF-8.

    Raises:
        ModelError: it does not exist, cannot be read, or is too large.
    """
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise ModelError(f"larger than {LARGEST_TEXT >> 20} MiB", where=str(path))
        return path.read_text(encoding="utf-8")
    except OSError as e:
        raise ModelError(f"cannot be read: {e.strerror}", where=str(path)) from e
    except UnicodeDecodeError as e:
        raise ModelError("is no text", where=str(path)) from e


def read_tensors(path: Path, kind: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays of a safetensors file, and its metadata.

    Args:
        kind: what the file is to the user, such as `state`.

    Raises:
        ModelError: it does not exist, is too large or damaged.
    """
    import ml_dtypes  # noqa: F401  NumPy knows bfloat16 by its name from then on
    from safetensors import safe_open

    if not path.is_file():
        raise ModelError(f"the {kind} file does not exist", where=str(path))
    if path.stat().st_size > LARGEST_TENSORS:
        raise ModelError(f"larger than {LARGEST_TENSORS >> 30} GiB", where=str(path))
    try:
        with safe_open(str(path), "numpy") as stored:
            about = stored.metadata() or {}
            found = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except Exception as e:  # the library's errors have no common base
        raise ModelError(
            f"not a readable safetensors file ({printable(e)})", where=str(path)
        ) from e
    return found, about
