"""What a method of adaptation is: a name, and a declaration of how a layer learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from odl.adapt.chain import Chain
from odl.adapt.generator import seed_of
from odl.adapt.parameters import Parameter
from odl.spec import Spec

Array = npt.NDArray[Any]

LARGEST_RANK = 4096


class Method:
    """To add one, write a file in odl/adapt/methods with a subclass; nothing else lists it."""

    name: ClassVar[str]
    trains: ClassVar[str]
    """In a phrase, for `odl methods`."""
    paper: ClassVar[str] = ""
    """arXiv:NUMBER"""
    settings: ClassVar[tuple[str, ...]] = ()
    """What the user may say besides `layers`."""
    unnamed: ClassVar[str] = ""
    """The setting that a value without a name is."""
    strategy: ClassVar[str] = ""
    """The strategy that learns in place of gradients, which takes the settings."""
    keeps_norms: ClassVar[bool] = False
    """Whether BatchNormalization stays a layer of its own."""


@dataclass(frozen=True)
class Rotation:
    """Layers take turns: `count` of them are drawn for `period` updates, then again."""

    count: int
    period: int
    seed: int


class Selection(Method):
    """Tensors of the model itself are trained."""

    def rotation(self, spec: Spec) -> Rotation | None:
        """How the layers take turns; the last one always learns. None: all of them always do."""
        return None

    def chooses(self, p: Parameter, layers: int, spec: Spec) -> bool:
        """Whether a parameter is trained, given how many layers have any."""
        raise NotImplementedError


class Policy(Method):
    """Of what other methods train, gradients take in a part of the positions alone."""

    def share(self, spec: Spec) -> float:
        """How large a part."""
        raise NotImplementedError


@dataclass(frozen=True)
class Given:
    """What a method sees of one layer."""

    name: str
    weight: Array
    """[groups, outputs, columns], double."""
    channels: int
    """Of the input, of one group; columns are its taps, channel by channel."""
    spec: Spec
    rank: int
    """What the layer has to spend: see `Adapter.ranks`."""
    covariance: Array | None = None
    """[groups, columns, columns]: mean of x x^T over samples, for methods that are `calibrated`."""

    @property
    def taps(self) -> int:
        return int(self.weight.shape[2]) // self.channels

    @property
    def seed(self) -> int:
        """Of the layer's numbers."""
        return seed_of(self.name, int(self.spec.number("seed", 0, 0, 2**32 - 1)))

    @property
    def scale(self) -> float:
        """alpha / r; alpha is r if it is not given."""
        r = self.spec.number("r", DEFAULT_RANK, 1, LARGEST_RANK)
        return self.spec.number("alpha", r, 1e-6, 1e6) / r


DEFAULT_RANK = 4


class Adapter(Method):
    """Weights become chains of factors."""

    settings: ClassVar[tuple[str, ...]] = ("r", "alpha", "seed")
    calibrated: ClassVar[bool] = False
    """Whether `declare` starts from the covariance of the layer's inputs."""
    does_without: ClassVar[bool] = False
    """Whether it takes all inputs for alike where there are no samples."""
    residual_in_peft: ClassVar[str] = ""
    """What PEFT calls this way to start, if the base lacks there what the factors have."""

    def ranks(self, layers: Sequence[Given]) -> list[int]:
        """What each layer may spend, of those that the method adapts: r, or all that it has."""
        return [min(requested_rank(g.spec), *g.weight.shape[1:]) for g in layers]

    def declare(self, given: Given) -> Chain:
        """How the layer learns, and from which values on."""
        raise NotImplementedError


def requested_rank(spec: Spec) -> int:
    return int(spec.number("r", DEFAULT_RANK, 1, LARGEST_RANK))


def svd(matrix: Array, rank: int) -> tuple[Array, Array, Array]:
    """The largest singular values of each group with their vectors, the signs being fixed."""
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    u, s, v = u[..., :rank], s[..., :rank], v[..., :rank, :]
    largest = np.take_along_axis(v, np.abs(v).argmax(axis=-1)[..., None], -1)
    sign = np.where(largest < 0, -1.0, 1.0)
    return u * sign.swapaxes(-1, -2), s, v * sign
