"""What a graph says of its adapters, for those who merge or export them: kept in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir

from odl.adapt.chain import Blocks, Chain, Codes, Columns, Entries, Factor
from odl.adapt.choose import Layer
from odl.ops.linear import Linear

Array = npt.NDArray[Any]

KEY = "odl.adapters"

PLACES = "places"
"""The role of the state that says where entries are, if they move."""


@dataclass(frozen=True)
class Record:
    """An adapted weight, by the names of its constants and states."""

    weight: str
    layer: str
    method: str
    scale: float
    factors: dict[str, str]
    """By role; those that are no states are constants of the graph."""
    trained: tuple[str, ...]
    """Roles."""
    residual: bool = False
    bits: int = 0
    columns: list[list[int]] = field(default_factory=list)
    blocks: int = 0
    entries: list[int] = field(default_factory=list)

    @staticmethod
    def of(layer: Layer, names: Mapping[str, str]) -> Record:
        """`names` are those of the factors, by role."""
        chain, right = layer.chain, layer.chain.right
        stored = chain.stored
        return Record(
            layer.given.name,
            layer.parameter.layer,
            layer.method.name,
            chain.scale,
            dict(names),
            (*(k for k, f in stored.items() if f.trained), *_moving(chain)),
            chain.residual,
            chain.codes.bits if chain.codes else 0,
            right.chosen.tolist() if isinstance(right, Columns) else [],
            right.rank if isinstance(right, Blocks) else 0,
            chain.entries.at.tolist() if chain.entries else [],
        )

    def weight_now(self, linear: Linear, arrays: Mapping[str, Array]) -> Array:
        """The weight as it has become: [groups, outputs, columns], in double precision.

        Args:
            arrays: the base under the weight's name, and all factors under theirs.
        """
        base = self.base(linear, arrays)
        values = self.values(linear, arrays)
        return self.chain(base, values).weight(base, values, linear.channels)

    def base(self, linear: Linear, arrays: Mapping[str, Array]) -> Array:
        """The frozen part as it is stored, as matrices."""
        return linear.matrix(np.asarray(arrays[self.weight]).astype(np.float64))

    def values(self, linear: Linear, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The factors by role, as matrices."""
        values = {}
        for role, name in self.factors.items():
            stored = np.asarray(arrays[name]).astype(np.float64)
            if role == "entries":
                values[role] = stored
            elif role == PLACES:
                values[role] = self.places(linear, arrays)
            elif role in ("rows", "steps"):
                values[role] = stored.reshape(linear.groups, linear.outputs, 1)
            else:
                values[role] = linear.matrix(stored)
        return values

    def places(self, linear: Linear, arrays: Mapping[str, Array]) -> Array:
        """Where the entries are that have moved, in the matrices, flat."""
        shape = np.asarray(arrays[self.weight]).shape
        order = linear.matrix(np.arange(int(np.prod(shape))).reshape(shape)).ravel()
        return np.asarray(np.argsort(order)[np.asarray(arrays[self.factors[PLACES]])])

    def chain(self, base: Array, values: Mapping[str, Array]) -> Chain:
        made: dict[str, Any] = {k: Factor(v) for k, v in values.items() if k != PLACES}
        if self.columns:
            made["right"] = Columns(np.array(self.columns))
        elif self.blocks:
            made["right"] = Blocks(self.blocks)
        if self.entries:
            at = values.get(PLACES, np.array(self.entries))
            made["entries"] = Entries(at, values["entries"])
        if self.bits:
            made["codes"] = Codes(base, self.bits, made.pop("steps"))
        return Chain(scale=self.scale, **made)


def _moving(chain: Chain) -> tuple[str, ...]:
    return (PLACES,) if chain.entries is not None and chain.entries.moves else ()


def write_records(model: ir.Model, records: Sequence[Record]) -> None:
    if records:
        model.metadata_props[KEY] = json.dumps([asdict(r) for r in records])


def read_records(model: onnx.ModelProto) -> list[Record]:
    """Those of a graph that `odl` has compiled."""
    found = {p.key: p.value for p in model.metadata_props}
    return [
        Record(**{**r, "trained": tuple(r["trained"])}) for r in json.loads(found.get(KEY, "[]"))
    ]
