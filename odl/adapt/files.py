"""Adapters as files: what was learnt of a base, by itself; and folded into the base's graph."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
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
from odl.adapt.change import Change, Difference, change_of, difference_of
from odl.adapt.record import PLACES, Record, read_records
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
        """From serialised stages of the compiler.

        Raises:
            ModelError: one is damaged.
        """
        graph, adapted = (parsed(stages.get(k, b""), f"{k}.onnx") for k in (INFERENCE, ADAPTED))
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


def parsed(data: bytes, where: str) -> onnx.ModelProto:
    graph = onnx.ModelProto()
    try:
        graph.ParseFromString(data)
    except Exception as e:  # the library's errors have no common base
        raise ModelError("is no ONNX file", where=where, advice="compile the model again") from e
    return graph


def read_graph(path: Path) -> onnx.ModelProto:
    """A stage of the compiler in a build folder.

    Raises:
        ModelError: it is missing or damaged.
    """
    if not path.is_file():
        raise ModelError("does not exist", where=str(path), advice="compile the model again")
    return parsed(path.read_bytes(), str(path))


def first_states(path: Path, names: Set[str]) -> Tensors:
    """The values that states have before the first step.

    Args:
        path: of the graph that the device computes.
    """
    tensors = read_graph(path).graph.initializer
    return {t.name: numpy_helper.to_array(t) for t in tensors if t.name in names}


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
    places = {
        r.factors[PLACES]: base.constants[r.weight].size
        for r in base.records
        if PLACES in r.factors
    }
    for name, array in found.items():
        known = base.constants.get(name)
        like = known is not None and (known.shape, known.dtype) == (array.shape, array.dtype)
        if name not in base.learns or not like:
            raise IntegrityError(f"tensor '{name}' does not fit the base", where=str(path))
        if name in places and not _different(array, places[name]):
            raise ModelError(f"tensor '{name}' holds no places in its weight", where=str(path))
        if not np.isfinite(array).all():
            raise ModelError(f"tensor '{name}' is not finite", where=str(path))
    return found, about


def _different(places: Array, size: int) -> bool:
    """Whether they are different elements of a tensor."""
    inside = bool(((places >= 0) & (places < size)).all())
    return inside and len(np.unique(places)) == places.size


@dataclass(frozen=True)
class Weight:
    """A parameter that an adapter changes, as matrices [groups, rows, columns]."""

    name: str
    method: str
    before: Array
    now: Array
    stored: Array
    """What it has become, in the form that the graph has."""


def weights(base: Base, learnt: Tensors) -> list[Weight]:
    """What an adapter makes of the base: parameters that were trained, then adapted weights."""
    arrays, known = {**base.constants, **learnt}, {t.name for t in base.graph.graph.initializer}
    found = [
        Weight(n, "itself", _flat(base.before(n)), _flat(v), v)
        for n, v in learnt.items()
        if n in known
    ]
    for record in base.records:
        linear, old = base.linear(record.weight), base.before(record.weight)
        exact = record.weight_now(linear, arrays)
        stored = linear.array(exact).astype(old.dtype)
        found.append(Weight(record.weight, record.method, linear.matrix(old), exact, stored))
    return found


def merge(base: Base, learnt: Tensors) -> tuple[onnx.ModelProto, list[Change]]:
    """The graph for inference with what was learnt in its constants, of standard operators alone.

    Returns:
        the graph, and what has changed.
    """
    found = weights(base, learnt)
    merged = {w.name: w.stored for w in found}
    graph = onnx.ModelProto()
    graph.CopyFrom(base.graph)
    for tensor in graph.graph.initializer:
        if tensor.name in merged:
            tensor.CopyFrom(numpy_helper.from_array(merged[tensor.name], tensor.name))
    changes = [change_of(w.name, w.method, w.before, w.now) for w in found]
    return onnx.inliner.inline_local_functions(graph, convert_version=True), changes


def differences(base: Base, a: Tensors, b: Tensors) -> list[Difference]:
    """Between what two adapters make of the base; a tensor that one lacks is as it was."""
    both = [{w.name: w for w in weights(base, learnt)} for learnt in (a, b)]
    found = []
    for name, some in {**both[0], **both[1]}.items():
        first, second = (made[name].now if name in made else some.before for made in both)
        found.append(difference_of(name, some.method, some.before, first, second))
    return found


def _flat(array: Array) -> Array:
    """As one matrix."""
    return array.reshape(1, len(array) if array.ndim else 1, -1)


def write_graph(path: Path, graph: onnx.ModelProto) -> None:
    """An ONNX file.

    Raises:
        DeviceError: it cannot be written.
    """
    write_whole(path, graph.SerializeToString(deterministic=True))
