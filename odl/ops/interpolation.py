"""Where each position of a resized axis comes from: ONNX's coordinates, taps and weights.

Everything is computed in float64, as ONNX's reference does. Cubic weights are those of R. Keys,
Cubic convolution interpolation for digital image processing, 1981, with its parameter a.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """One axis that is resized, with what Resize's attributes say of it."""

    n: int
    """Elements before."""
    m: int
    """Elements behind."""
    scale: float
    """Its given scale, or m / n."""
    transformation: str = "half_pixel"
    roi: tuple[float, float] = (0.0, 1.0)
    """Start and end, for tf_crop_and_resize."""

    def coordinates(self) -> Floats:
        """The position in the source of each output position."""
        x, length = np.arange(self.m, dtype=np.float64), self.scale * self.n
        if self.transformation == "align_corners":
            return x * 0 if length == 1 else x * (self.n - 1) / (length - 1)
        if self.transformation == "asymmetric":
            return x / self.scale
        if self.transformation == "tf_crop_and_resize":
            start, end = self.roi
            last = self.n - 1
            if length == 1:
                return x * 0 + (end - start) * last / 2 + start * last
            return x * (end - start) * last / (length - 1) + start * last
        if self.transformation == "pytorch_half_pixel" and length == 1:
            return x * 0 - 0.5
        at = (x + 0.5) / self.scale - 0.5
        if self.transformation == "half_pixel_symmetric":
            at = self.n / 2 * (1 - self.m / length) + at
        return at

    def outside(self) -> npt.NDArray[np.bool_]:
        """Output positions that get the extrapolation value."""
        at = self.coordinates()
        crop = self.transformation == "tf_crop_and_resize"
        return ((at < 0) | (at > self.n - 1)) & crop


TRANSFORMATIONS = (
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
    "tf_crop_and_resize",
)  # fmt: skip

NEAREST: dict[str, Callable[[Floats], Floats]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


def nearest(axis: Axis, mode: str) -> Ints:
    """The source index of each output position; -1 for the extrapolation value."""
    at = np.clip(NEAREST[mode](axis.coordinates()), 0, axis.n - 1).astype(np.int64)
    return np.where(axis.outside(), -1, at)


def taps(
    axis: Axis, mode: str, cubic: float, antialias: bool, exclude_outside: bool
) -> tuple[Ints, Floats]:
    """Source indices [m, taps] and their weights; -1 in all taps for the extrapolation value.

    Taps behind the border are moved onto it, or weigh nothing if `exclude_outside`.
    """
    at = axis.coordinates()
    shrink = min(axis.scale, 1.0) if antialias else 1.0
    reach = (2 if mode == "cubic" else 1) / shrink
    first = np.floor(at)[:, None]
    half = int(np.ceil(reach))
    tap = first + np.arange(1 - half, half + 1)
    away = (tap - at[:, None]) * shrink
    weight = _cubic(away, cubic) if mode == "cubic" else np.maximum(0, 1 - np.abs(away))
    if antialias:
        weight = weight / weight.sum(axis=1, keepdims=True)
    if exclude_outside:
        weight = np.where((tap >= 0) & (tap < axis.n), weight, 0)
        weight = weight / weight.sum(axis=1, keepdims=True)
    if axis.n == 1:  # all weight is on the only element
        tap, weight = tap[:, :1], np.ones((axis.m, 1))
    index = np.clip(tap, 0, axis.n - 1).astype(np.int64)
    used = (weight != 0).any(axis=0)
    index, weight = index[:, used], weight[:, used]
    return np.where(axis.outside()[:, None], -1, index), weight


def _cubic(x: Floats, a: float) -> Floats:
    """Keys' kernel."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))
