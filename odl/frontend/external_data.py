"""External tensor data: read from plain files inside the model's own folder, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx import external_data_helper

from odl.errors import ModelError
from odl.frontend.limits import FILE_BYTES

_KEYS = {"location", "offset", "length", "checksum", "basepath"}


def load_external_data(model: onnx.ModelProto, folder: Path) -> None:
    """Move external data into the tensors.

    Raises:
        ModelError: a location leaves the folder, is a link or no plain file, or is too short;
            or the tensors are too large together.
    """
    left = FILE_BYTES
    for tensor in tensors(model):
        if external_data_helper.uses_external_data(tensor):
            tensor.raw_data = _read(tensor, folder, left)
            left -= len(tensor.raw_data)
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor of the model: initializers and attributes, in all graphs and functions."""
    yield from external_data_helper._get_all_tensors(model)


def _read(tensor: onnx.TensorProto, folder: Path, left: int) -> bytes:
    where = f"tensor '{tensor.name}'"
    entries = {e.key: e.value for e in tensor.external_data}
    unknown = set(entries) - _KEYS
    twice = len(entries) != len(tensor.external_data)
    if unknown or twice or not isinstance(entries.get("location"), str):  # bytes: not in UTF-8
        raise ModelError("malformed reference to external data", where=where)
    offset = _number(entries.get("offset", "0"), where)
    handle = _open_inside(folder, entries["location"], where)
    with os.fdopen(handle, "rb") as file:
        size = os.fstat(handle).st_size
        length = _number(entries.get("length", str(max(size - offset, 0))), where)
        if offset + length > size:
            raise ModelError(
                f"external data ends at byte {size}, not {offset + length}", where=where
            )
        if length > left:
            raise ModelError(f"external data of more than {FILE_BYTES} bytes", where=where)
        file.seek(offset)
        return file.read(length)


def _number(text: str, where: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ModelError("offset or length of external data is not a number", where=where)
    return int(text)


def _open_inside(folder: Path, location: str, where: str) -> int:
    """Open folder/location, refusing every way out: absolute, `..`, symbolic and hard links."""
    path = Path(location)
    advice = "keep external data in plain files beside the model"
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in location:
        raise ModelError("external data outside the model's folder", where=where, advice=advice)
    try:
        step = folder
        for part in path.parts:
            step = step / part
            if step.is_symlink():
                raise ModelError("external data behind a symbolic link", where=where, advice=advice)
        handle = os.open(step, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as e:
        raise ModelError(f"external data: {e.strerror}", where=where, advice=advice) from e
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        os.close(handle)
        raise ModelError("external data is no plain, unlinked file", where=where, advice=advice)
    return handle
