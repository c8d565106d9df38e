"""The bytes of a model file, if it is a plain file of a size that is read."""

from __future__ import annotations

from pathlib import Path

from odl.errors import ModelError
from odl.frontend.limits import FILE_BYTES


def read_bytes(path: Path) -> bytes:
    """The whole file.

    Raises:
        ModelError: it cannot be read, is no plain file or is over the limit.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ModelError("not a file", where=str(path))
        if size > FILE_BYTES:
            raise ModelError(f"{size} bytes; at most {FILE_BYTES} are read", where=str(path))
        return path.read_bytes()
    except OSError as e:
        raise ModelError(f"cannot be read: {e.strerror}", where=str(path)) from e
