"""Adapters as files: what was learnt of a base, by itself; and folded into the base's graph."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.inliner
import onnx_ir as ir
from onnx import numpy_helper

from odl import __version__
from odl.adapt.record import Record, read_records
from odl.errors import IntegrityError, ModelError, UsageError
from odl.files import read_tensors, write_whole
from odl.ops import registry
from odl.ops.linear import Linear
from odl.ops.node import Node

Array = npt.NDArray[Any]
Tensors = dict[str, Array]

INFERENCE, ADAPTED = "inference", "adapted"
"""Stages of the compiler: the graph without training, and with adapters as they start."""


@dataclass(frozen=True)
class Base:
    """The graph that was trained, and how its weights learn."""

    graph: onnx.ModelProto
    """Without training."""
    records: list[Record]
    constants: Tensors
    """Of the graph and, where weights have become chains, of those."""
    digest: str

    @staticmethod
    def of(stages: Mapping[str, bytes]) -> Base:
        """From serialised stages of the compiler."""
        graph, adapted = (_parsed(stages, name) for name in (INFERENCE, ADAPTED))
        tensors = [*graph.graph.initializer, *adapted.graph.initializer]
        constants = {t.name: numpy_helper.to_array(t) for t in tensors}
        digest = hashlib.sha256(b"".join(stages[k] for k in sorted(stages))).hexdigest()
        return Base(graph, read_records(adapted), constants, digest)

    @property
    def learns(self) -> set[str]:
        """Factors that are trained, and parameters of the graph, which may be."""
        factors = {r.factors[role] for r in self.records for role in r.trained}
        adapted = {r.weight for r in self.records}
        return factors | ({t.name for t in self.graph.graph.initializer} - adapted)

    def linear(self, weight: str) -> Linear:
        """How a weight of the graph is a matrix."""
        for ir_node in ir.serde.deserialize_model(self.graph).graph:
            node = Node(ir_node)
            for i, value in enumerate(ir_node.inputs):
                if value is not None and value.name == weight and node.op in registry():
                    linear = registry()[node.op].linear(node, i)
                    if linear is not None:
                        return linear
        raise ModelError("is no weight of the graph", where=f"adapter of '{weight}'")

    def before(self, weight: str) -> Array:
        """A weight as it was, in the form that the graph has."""
        found = {t.name: t for t in self.graph.graph.initializer}
        return numpy_helper.to_array(found[weight])


def _parsed(stages: Mapping[str, bytes], name: str) -> onnx.ModelProto:
    graph = onnx.ModelProto()
    try:
        graph.ParseFromString(stages.get(name, b""))
        return graph
    except Exception as e:  # the library's errors have no common base
        raise ModelError("is no ONNX file", where=f"{name}.onnx") from e


def read_base(folder: Path) -> Base:
    """That of a build folder.

    Raises:
        UsageError: the program does not train.
    """
    paths = {name: folder / f"{name}.onnx" for name in (INFERENCE, ADAPTED)}
    if not paths[INFERENCE].is_file():
        raise UsageError(
            "the program does not train", where=str(folder), advice="compile it with --train"
        )
    return Base.of({name: path.read_bytes() for name, path in paths.items() if path.is_file()})


def write_adapter(path: Path, base: Base, states: Tensors, updates: int) -> int:
    """What was learnt, without moments and counters; how many bytes of numbers that are.

    Raises:
        DeviceError: it cannot be written.
    """
    from safetensors.numpy import save

    learnt = {k: np.ascontiguousarray(v) for k, v in states.items() if k in base.learns}
    about = {
        "base": base.digest,
        "methods": ",".join(sorted({r.method for r in base.records})),
        "ranks": ",".join(f"{r.weight}={_rank(base, r)}" for r in base.records),
        "updates": str(updates),
        "odl": __version__,
    }
    write_whole(path, save(learnt, about))
    return sum(v.nbytes for v in learnt.values())


def _rank(base: Base, record: Record) -> int:
    """Of the change that is multiplied in factors; 0 where it is none."""
    return base.constants[record.factors["left"]].shape[1] if "left" in record.factors else 0


def read_adapter(path: Path, base: Base) -> tuple[Tensors, dict[str, str]]:
    """The tensors, and what the file says of them.

    Raises:
        ModelError: the file is missing or damaged.
        IntegrityError: it is the adapter of another base.
    """
    found, about = read_tensors(path, "adapter")
    theirs = about.get("base", "")
    if theirs != base.digest:
        raise IntegrityError(
            f"is the adapter of another base ({theirs[:8] or '?'}, not {base.digest[:8]})",
            where=str(path),
            advice="compile the model as it was compiled then",
        )
    for name, array in found.items():
        known = base.constants.get(name)
        like = known is not None and (known.shape, known.dtype) == (array.shape, array.dtype)
        if name not in base.learns or not like:
            raise IntegrityError(f"tensor '{name}' does not fit the base", where=str(path))
        if not np.isfinite(array).all():
            raise ModelError(f"tensor '{name}' is not finite", where=str(path))
    return found, about


@dataclass(frozen=True)
class Change:
    """What has become of one parameter."""

    name: str
    method: str
    rank: int
    """The least that holds all but a millionth of the change's energy; 0: it is no matrix."""
    size: float
    """Norm of the change, relative to that of the parameter."""
    lost: float
    """Share of the change's energy that rounding to single precision takes away."""
    intruders: int
    """Of the ten largest singular vectors on the longer side, those that are far from all that the
    parameter had before (arXiv:2410.21228)."""


def merge(base: Base, learnt: Tensors) -> tuple[onnx.ModelProto, list[Change]]:
    """The graph for inference with what was learnt in its constants, of standard operators alone.

    Returns:
        the graph, and what has changed.
    """
    arrays, known = {**base.constants, **learnt}, {t.name for t in base.graph.graph.initializer}
    merged = {name: array for name, array in learnt.items() if name in known}
    changes = [_change(n, "itself", _flat(base.before(n)), _flat(v)) for n, v in merged.items()]
    for record in base.records:
        linear, old = base.linear(record.weight), base.before(record.weight)
        exact = record.weight_now(linear, arrays)
        merged[record.weight] = linear.array(exact).astype(old.dtype)
        changes.append(_change(record.weight, record.method, linear.matrix(old), exact))
    graph = onnx.ModelProto()
    graph.CopyFrom(base.graph)
    for tensor in graph.graph.initializer:
        if tensor.name in merged:
            tensor.CopyFrom(numpy_helper.from_array(merged[tensor.name], tensor.name))
    return onnx.inliner.inline_local_functions(graph, convert_version=True), changes


def _flat(array: Array) -> Array:
    """As one matrix."""
    return array.reshape(1, len(array) if array.ndim else 1, -1)


def _change(name: str, method: str, old: Array, exact: Array) -> Change:
    """From matrices [groups, rows, columns], the new one in double precision."""
    before = old.astype(np.float64)
    change = exact.astype(np.float64) - before
    energy, rounded = float((change**2).sum()), exact.astype(np.float32).astype(np.float64)
    lost = float(((rounded - exact) ** 2).sum()) / energy if energy else 0.0
    ranks, intruders = [0], 0
    for b, c in zip(before, change, strict=True):
        values = np.linalg.svd(c, compute_uv=False) ** 2
        ranks.append(int(np.count_nonzero(values > 1e-6 * values.sum())))
        if min(c.shape) > 1:
            tall = c.shape[0] >= c.shape[1]
            now, then = (
                np.linalg.svd(m if tall else m.T, full_matrices=False)[0] for m in (b + c, b)
            )
            intruders += int(np.count_nonzero(np.abs(now[:, :10].T @ then).max(axis=1) < 0.5))
    size = energy**0.5 / max(float(np.linalg.norm(before)), 1e-300)
    return Change(name, method, max(ranks), size, lost, intruders)


def write_graph(path: Path, graph: onnx.ModelProto) -> None:
    """An ONNX file.

    Raises:
        DeviceError: it cannot be written.
    """
    write_whole(path, graph.SerializeToString(deterministic=True))
