"""Data files: arrays by the model's input names, labels in `y`, one sample after another."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.dtype import BOOL
from odl.errors import ModelError
from odl.project import Project, TensorInfo

MAX_BYTES = 2 << 30
"""Of a file, and of its arrays once unpacked."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Samples:
    """Inputs and labels; a sample is what one inference takes, which is a whole batch."""

    inputs: dict[str, Array]
    """[samples, *shape of the input]"""
    labels: Array | None
    """[samples, labels of one inference]"""

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values()), [None]))  # a model without inputs runs once

    def __iter__(self) -> Iterator[tuple[dict[str, Array], Array | None]]:
        for i in range(len(self)):
            yield self.inputs_at(i), self.labels_at(i)

    def inputs_at(self, i: int) -> dict[str, Array]:
        """The inputs of one sample."""
        return {k: v[i] for k, v in self.inputs.items()}

    def part(self, which: slice | Array) -> Samples:
        """Some of the samples, by their places."""
        labels = None if self.labels is None else self.labels[which]
        return Samples({k: v[which] for k, v in self.inputs.items()}, labels)

    def labels_at(self, i: int) -> Array | None:
        """Its class numbers."""
        return None if self.labels is None else self.labels[i]


def read_samples(path: Path, project: Project, limit: int = 0, training: bool = False) -> Samples:
    """Read an .npz, or an .npy for a model with one input.

    Args:
        limit: read at most so many samples; 0 is all.
        training: read `y` as the label of a training step, too.

    Raises:
        ModelError: the file is damaged, or its arrays do not fit the model's inputs.
    """
    arrays = load_arrays(path)
    label = project.training.label if project.training else ""
    infos = [t for t in project.tensors if t.name in project.inputs and t.name != label]
    if len(infos) == 1 and infos[0].name not in arrays and "x" in arrays:
        arrays[infos[0].name] = arrays.pop("x")
    inputs, batch = {}, 1
    for info in infos:
        if info.name not in arrays:
            known = ", ".join(sorted(arrays)) or "nothing"
            raise ModelError(
                f"no array for input '{info.name}'", where=str(path), advice=f"it has {known}"
            )
        inputs[info.name], batch = _batches(arrays.pop(info.name), info, path)
    given = arrays.pop("y", None)
    if training:
        info = project.tensors[project.number(label)]
        if given is None:
            raise ModelError("no array y of labels", where=str(path), advice="training needs them")
        inputs[label], _ = _batches(given, replace(info, name="y"), path)
    labels = None if training and not _is_classes(given) else _labels(given, batch, path)
    if arrays:
        raise ModelError(
            f"array '{min(arrays)}' is no input of the model",
            where=str(path),
            advice=f"inputs: {', '.join(i.name for i in infos)}; labels: y",
        )
    return _cut(inputs, labels, limit, path)


def read_tests(path: Path, project: Project) -> Samples:
    """Samples to test with: `read_samples`, and the labels are there.

    Raises:
        ModelError: they are not, or as for `read_samples`.
    """
    samples = read_samples(path, project)
    if samples.labels is None:
        raise ModelError("no array y of labels", where=str(path), advice="tests need them")
    return samples


def _cut(inputs: dict[str, Array], labels: Array | None, limit: int, path: Path) -> Samples:
    lengths = {len(v) for v in (*inputs.values(), *([] if labels is None else [labels]))}
    if len(lengths) != 1:
        raise ModelError("its arrays have different numbers of samples", where=str(path))
    n = lengths.pop()
    if n == 0:
        raise ModelError("it holds no complete sample", where=str(path))
    n = min(n, limit) if limit else n
    return Samples({k: v[:n] for k, v in inputs.items()}, None if labels is None else labels[:n])


def load_arrays(path: Path) -> dict[str, Array]:
    """The numbers in an .npz by their names; those of an .npy as `x`.

    Raises:
        ModelError: the file is missing, damaged or too large.
    """
    if not path.is_file():
        raise ModelError("the data file does not exist", where=str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"larger than {MAX_BYTES >> 30} GiB", where=str(path))
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(i.file_size for i in archive.infolist()) > MAX_BYTES:
                    raise ModelError(f"unpacks to more than {MAX_BYTES >> 30} GiB", where=str(path))
            with np.load(path, allow_pickle=False) as stored:
                return {name: _numeric(stored[name], name, path) for name in stored.files}
        array = np.load(path, allow_pickle=False, mmap_mode="r")
        return {"x": _numeric(array, "x", path)}
    except ModelError:
        raise
    except Exception as e:  # what NumPy and zipfile raise for damage has no common base
        reason = str(e) or type(e).__name__
        raise ModelError(f"not a readable .npz or .npy file ({reason})", where=str(path)) from e


def _numeric(array: Any, name: str, path: Path) -> Array:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub" or array.ndim == 0:
        raise ModelError(f"array '{name}' does not hold samples of numbers", where=str(path))
    return array


def _batches(array: Array, info: TensorInfo, path: Path) -> tuple[Array, int]:
    """The array as [samples, *shape], and how many rows of the file make a sample."""
    shape = info.shape
    if array.shape[1:] == shape:
        result, rows = array, 1
    elif shape and array.shape[1:] == shape[1:]:
        rows = shape[0]
        result = array[: len(array) // rows * rows].reshape(-1, *shape)
    else:
        raise ModelError(
            f"array '{info.name}' has the shape {list(array.shape)}",
            where=str(path),
            advice=f"the input takes {list(shape)} for one sample, with the samples as first axis",
        )
    if not np.can_cast(array.dtype, info.dtype.numpy, "same_kind"):
        raise ModelError(
            f"array '{info.name}' holds {array.dtype}",
            where=str(path),
            advice=f"the input is {info.dtype}",
        )
    if not info.dtype.is_float and result.size and info.dtype is not BOOL:
        limits = np.iinfo(info.dtype.numpy)  # type: ignore[type-var]
        if result.min() < limits.min or result.max() > limits.max:
            raise ModelError(
                f"array '{info.name}' holds numbers that {info.dtype} does not", where=str(path)
            )
    return result, rows


def _is_classes(array: Array | None) -> bool:
    return array is not None and array.ndim == 1 and array.dtype.kind in "iu"


def _labels(array: Array | None, batch: int, path: Path) -> Array | None:
    if array is None:
        return None
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ModelError(
            f"the labels y are {array.dtype} of {array.ndim} axes",
            where=str(path),
            advice="y holds one class number for each sample",
        )
    return array[: len(array) // batch * batch].reshape(-1, batch)
