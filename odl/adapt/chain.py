"""How a layer's weight is made: W = rows (base + entries + scale L M R), by declared factors.

All matrices are [groups, rows, columns] in double precision; W is [groups, outputs, columns], and a
column is a tap of a channel. What a device computes, stores and sends home follows from this alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Seeded:
    """Numbers of odl/adapt/generator.py, evenly in [-scale, scale)."""

    seed: int
    scale: float
    """In single precision."""


@dataclass(frozen=True)
class Factor:
    """A matrix that is stored."""

    values: Array
    trained: bool = True
    """Otherwise it stands in flash."""
    again: Seeded | None = None
    """How a device makes it wherever it is read, in place of storing it."""


@dataclass(frozen=True)
class Columns:
    """R picks channels, [groups, k] of them: nothing is stored, nothing multiplied."""

    chosen: Array

    @property
    def rank(self) -> int:
        return int(self.chosen.shape[1])

    def matrix(self, channels: int) -> Array:
        return np.asarray(np.eye(channels)[self.chosen])


@dataclass(frozen=True)
class Blocks:
    """R adds up blocks of `rank` channels: nothing is stored, nothing multiplied."""

    rank: int

    def matrix(self, channels: int) -> Array:
        blocks = -(-channels // self.rank)
        return np.tile(np.eye(self.rank), blocks)[None, :, :channels]


@dataclass(frozen=True)
class Codes:
    """The base is integers times a step for each output; both stay what they are."""

    values: Array
    bits: int
    steps: Factor
    """[groups, outputs, 1]"""

    def packed(self, array: Array) -> Array:
        """As constants hold them: matrices of four bits in so many; windows have no such kernel."""
        small = self.bits == 4 and array.ndim == 2
        return array.astype(ir.DataType.INT4.numpy() if small else np.int8)


@dataclass(frozen=True)
class Moves:
    """Behind every so many updates, some entries leave their places for others."""

    every: int
    count: int
    until: int
    """Updates until which the number falls to zero; 0: it stays."""
    seed: int


@dataclass(frozen=True)
class Entries:
    """Single elements that are added to the base: W is made anew in every run."""

    at: Array
    """In W, flat."""
    values: Array
    trained: bool = True
    moves: Moves | None = None


@dataclass(frozen=True)
class Chain:
    """The declaration of one layer, with the values that it starts from."""

    left: Factor | None = None
    core: Factor | None = None
    right: Factor | Columns | Blocks | None = None
    scale: float = 1.0
    residual: bool = False
    """Whether the base is W0 - scale L M R, so that the layer starts as it was."""
    rows: Factor | None = None
    """[groups, outputs, 1]"""
    codes: Codes | None = None
    entries: Entries | None = None
    bias: bool = False
    """Whether the layer's bias is trained as well."""

    @property
    def stored(self) -> dict[str, Factor | Entries]:
        """The tensors, by their role."""
        known = {
            "left": self.left, "core": self.core, "right": self.right, "rows": self.rows,
            "entries": self.entries, "steps": self.codes.steps if self.codes else None,
        }  # fmt: skip
        return {k: f for k, f in known.items() if isinstance(f, (Factor, Entries))}

    @property
    def implicit(self) -> bool:
        """Whether R is made of nothing."""
        return isinstance(self.right, (Columns, Blocks))

    @property
    def trained(self) -> int:
        """Elements of the factors that learn, without the bias."""
        return sum(f.values.size for f in self.stored.values() if f.trained)

    @property
    def size(self) -> int:
        """Elements of all factors."""
        return sum(f.values.size for f in self.stored.values())

    def rank(self, taps: int) -> int | None:
        """The most that W - W0 may have in each group; None: as much as W."""
        if self.rows is not None or self.codes is not None:
            return None
        if self.entries is not None:
            return int(self.entries.at.size)
        if isinstance(self.right, (Columns, Blocks)):
            return self.right.rank * taps
        assert self.left is not None
        return int(self.left.values.shape[2]) * (2 if self.residual else 1)

    def kept(self, channels: int, outputs: int) -> int:
        """Values for each position (or row) that the gradients of the factors read again."""
        total = outputs if self.rows is not None and self.rows.trained else 0
        if self.entries is not None or (isinstance(self.right, Factor) and self.right.trained):
            total += channels
        middle = self._groups * self._rank
        if self.core is not None and self.core.trained:
            total += middle
        if self.left is not None and self.left.trained:
            total += middle
        return total

    @property
    def macs(self) -> int:
        """Multiply-accumulates that a position takes besides those of the base."""
        products = (self.left, self.core, self.right)
        return sum(f.values.size for f in products if isinstance(f, Factor))

    @property
    def _rank(self) -> int:
        if isinstance(self.right, Factor):
            return int(self.right.values.shape[1])
        return self.right.rank if self.right is not None else 0

    @property
    def _groups(self) -> int:
        return len(next(iter(self.stored.values())).values)

    def product(self, values: Mapping[str, Array], channels: int) -> tuple[Array, Array]:
        """L M and R."""
        middle = values["left"]
        if self.core is not None:
            middle = middle @ values["core"]
        if isinstance(self.right, (Columns, Blocks)):
            taps = middle.shape[2] // self.right.rank
            picks = self.right.matrix(channels)
            return middle, np.stack([np.kron(m, np.eye(taps)) for m in picks])
        return middle, values["right"]

    def delta(self, values: Mapping[str, Array], channels: int) -> Array:
        """scale L M R."""
        left, right = self.product(values, channels)
        return np.asarray(self.scale * (left @ right))

    def weight(self, base: Array, values: Mapping[str, Array], channels: int) -> Array:
        """W, from the base that is stored and the factors as they are."""
        whole = base if self.codes is None else self.codes.values * values["steps"]
        w = np.array(whole, np.float64, order="C")
        if self.entries is not None:
            w.ravel()[self.entries.at] += values["entries"]
        if self.left is not None:
            w = w + self.delta(values, channels)
        return np.asarray(w * values["rows"]) if self.rows is not None else w

    def start(self, half: bool) -> dict[str, Array]:
        """The values at first, as the device has them: rounded to its precision."""
        kind = np.float16 if half else np.float32
        return {k: f.values.astype(kind).astype(np.float64) for k, f in self.stored.items()}

    def base(self, w0: Array, channels: int, half: bool) -> Array:
        """What is stored for the frozen part, made from the rounded factors."""
        if self.codes is not None:
            return self.codes.values
        return w0 - self.delta(self.start(half), channels) if self.residual else w0
