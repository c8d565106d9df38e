"""What a compiled graph's parameters are called in the model that the user gave, and were there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from odl.adapt.files import Base, read_graph
from odl.errors import ModelError
from odl.files import read_tensors

Array = npt.NDArray[Any]

ROLES = {1: "weight", 2: "bias"}
"""What the inputs of nodes are, where their names do not tell."""

LOST = "no parameter that is known"

NEARLY = 1e-4
"""Of a row: so far may a folded one be from a multiple of what it was."""


@dataclass(frozen=True)
class Origin:
    """Where a parameter comes from: now - before = factor (theirs - first)."""

    module: str
    """As PyTorch names the layer."""
    part: str
    """weight or bias, or what PyTorch has no name for."""
    first: Array
    """As the model has it."""
    before: Array
    """As the compiled graph has it."""
    factor: Array
    """What its rows were multiplied with, because a normalisation was folded into them."""
    turned: bool = False
    """Whether the model stores the transpose."""

    def theirs(self, now: Array) -> Array:
        """The parameter of the model, from that of the graph."""
        change = (now.astype(np.float64) - self.before) / self.factor
        return np.asarray(self.first + (change.T if self.turned else change), self.first.dtype)

    def ours(self, theirs: Array) -> Array:
        """The inverse."""
        change = theirs.astype(np.float64) - self.first
        change = change.T if self.turned else change
        return np.asarray(self.before + change * self.factor, self.before.dtype)


def origins_in(base: Base, model: Path, weights: Path | None = None) -> dict[str, Origin]:
    """`origins`, from the model as it was read.

    Args:
        weights: safetensors with the parameters as PyTorch has them, if its exporter has folded
            normalisations into what stands in the model.

    Raises:
        ModelError: a file is missing or damaged, or a weight that learns is in neither.
    """
    given = read_graph(model)
    if weights is None:
        return origins(base, given)
    tensors = read_tensors(weights, "weights")[0]
    found = origins(base, given, {k: v for k, v in tensors.items() if v.dtype.kind == "f"})
    for record in base.records:
        if found[record.weight].part == LOST:
            raise ModelError(f"no tensor is '{record.weight}' or like it", where=str(weights))
    return found


def origins(
    base: Base, given: onnx.ModelProto, theirs: Mapping[str, Array] | None = None
) -> dict[str, Origin]:
    """Those of all parameters, by their names in the graph for inference.

    What comes from nowhere in the model is taken for a parameter of it as it is.

    Args:
        theirs: the parameters, where they are not those of the model; what is none is LOST.
    """
    known = {t.name: numpy_helper.to_array(t) for t in given.graph.initializer}
    nodes = {n.name: n for n in given.graph.node}
    mine = {t.name: numpy_helper.to_array(t) for t in base.graph.graph.initializer}
    found: dict[str, Origin] = {}
    for node in base.graph.graph.node:
        fused = next((p.value for p in node.metadata_props if p.key == "odl.fused"), node.name)
        sources = [nodes[n] for n in reversed(fused.split("+")) if n in nodes]
        layer = ""
        for i, name in enumerate(node.input):
            if name not in mine or name in found or mine[name].dtype.kind != "f":
                continue
            there = [s.input[i] for s in sources if i < len(s.input)]
            values = mine[name]
            if theirs is None:
                source, first, factor, turned = _source(name, values, there, known)
                beside = source == name or (sources and source in sources[-1].input)
                role = ROLES.get(i, f"input {i}")
                module, part = _names(source, node.name, layer if beside else "", role)
            else:
                source, first, factor, turned = _among(values, [name, *there], theirs)
                module, _, part = source.rpartition(".") if source else (name, "", LOST)
            found[name] = Origin(module, part, first, values, factor, turned)
            layer = layer or found[name].module
    return found


def _source(
    name: str, before: Array, there: list[str], known: dict[str, Array]
) -> tuple[str, Array, Array, bool]:
    """The parameter of the model that this is: its name, and `first`, `factor`, `turned` of Origin.

    Args:
        there: inputs of the nodes that a node was made of, the last first.
    """
    one = np.ones(())
    if name in known and np.array_equal(known[name], before):
        return name, before, one, False
    for other in there:
        first = known.get(other)
        if first is None or first.shape != before.shape:
            continue
        factor = one if before.ndim == 1 else _factor(first, before)
        if factor is not None:
            return other, first, factor, False
    for other, first in known.items() if before.ndim > 1 else ():
        if np.array_equal(first, before):
            return other, first, one, False
        if before.ndim == 2 and np.array_equal(first.T, before):
            return other, first, one, True
    return name, before, one, False


def _among(
    before: Array, likely: Sequence[str], known: Mapping[str, Array]
) -> tuple[str, Array, Array, bool]:
    """As `_source`: the first name whose tensor is equal, or has been folded; none: an empty name.

    Vectors that are like several tell nothing.
    """
    one = np.ones(())
    alike = [n for n, v in known.items() if before.ndim > 1 or np.array_equal(v, before)]
    others = alike if before.ndim > 1 or len(alike) == 1 else []
    for name in [*likely, *others]:
        first = known.get(name)
        if first is None:
            continue
        if np.array_equal(first, before):
            return name, first, one, False
        if before.ndim == 2 and np.array_equal(first.T, before):
            return name, first, one, True
        if before.ndim > 1 and first.shape == before.shape and before[0].size > 1:
            factor = _factor(first, before)
            if factor is not None:
                return name, first, factor, False
    return "", before, one, False


def _factor(first: Array, before: Array) -> Array | None:
    """By which each row has become another; None: it is no multiple of itself, or of zeros."""
    old, new = (a.reshape(len(a), -1).astype(np.float64) for a in (first, before))
    energy = (old**2).sum(axis=1)
    factor = (old * new).sum(axis=1) / np.where(energy == 0, 1, energy)
    error = np.abs(new - factor[:, None] * old).max(axis=1, initial=0)
    if not factor.all() or (error > NEARLY * np.abs(new).max(axis=1, initial=0)).any():
        return None
    return np.asarray(factor.reshape(-1, *[1] * (before.ndim - 1)))


def _names(name: str, node: str, layer: str, role: str) -> tuple[str, str]:
    """Module and part: `layer1.conv` and `weight` of `layer1.conv.weight`.

    Names that an exporter made say nothing, so that the node's is taken: `/layer1/conv/Conv`.
    """
    dotted = name.replace("/", ".")
    module, _, part = dotted.rpartition(".")
    if module and part in ("weight", "bias"):
        return module, part
    if "::" in name and "/" in node.strip("/"):
        return _path(node.strip("/").split("/")[:-1]), role
    return layer or dotted, role


def _path(scopes: Sequence[str]) -> str:
    """Of modules: those in a list begin with its name, `layer` and `layer.0`."""
    path: list[str] = []
    for scope in scopes:
        if path and scope.startswith(f"{path[-1]}."):
            path.pop()
        path.append(scope)
    return ".".join(path)
