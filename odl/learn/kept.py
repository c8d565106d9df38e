"""What a device keeps of the source: chosen by seed, computed up to where learning starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.adapt.seen import Samples, constants, result, runs
from odl.errors import ModelError
from odl.learn.cut import before
from odl.ops.node import static_shape

Array = npt.NDArray[Any]

SOURCE = "--source"


class Kept:
    """`count` samples with labels, as equally many of each class as there are."""

    def __init__(self, samples: Samples, count: int, seed: int, graph: ir.Graph) -> None:
        """
        Raises:
            ModelError: there are no labels, or the samples do not fit the graph.
        """
        if "y" not in samples:
            raise ModelError("no array y of labels", where=SOURCE, advice="replay needs them")
        self._graph, self._labels = graph, samples["y"]
        self._inputs = runs(graph, samples, SOURCE)
        there = min([len(self._labels), *(len(array) for array in self._inputs.values())])
        if there < count:
            raise ModelError(f"{there} samples", where=SOURCE, advice=f"{count} are to be kept")
        self.chosen = balanced(self._labels[:there], count, np.random.default_rng(seed))

    def results(self, value: ir.Value) -> Array:
        """A result of the graph, [count, *shape], in double precision."""
        known, nodes = constants(self._graph), before(self._graph, value)
        given = [{v: a[i] for v, a in self._inputs.items()} for i in self.chosen]
        return np.stack([result(known, g, nodes, value) for g in given])

    def labels(self, label: ir.Value) -> Array:
        """What the loss is given with each.

        Raises:
            ModelError: the labels are others than the loss takes.
        """
        shape, kind = static_shape(label), label.dtype.numpy()  # type: ignore[union-attr]
        chosen = self._labels[self.chosen]
        if chosen[0].size != int(np.prod(shape)) or (chosen.dtype.kind == "f") != (
            kind.kind == "f"
        ):
            raise ModelError(
                f"y holds {chosen.dtype} of shape {list(chosen.shape[1:])} for each sample",
                where=SOURCE,
                advice=f"the loss takes {kind} of shape {list(shape)}",
            )
        return chosen.reshape(len(chosen), *shape).astype(kind)


def balanced(labels: Array, count: int, rng: np.random.Generator) -> Array:
    """Places of `count` samples: one of each class after the other, each class in a drawn order."""
    order = rng.permutation(len(labels))
    classes = labels[order] if labels.ndim == 1 and labels.dtype.kind in "iu" else 0 * order
    turn = np.zeros(len(order), int)
    for label in np.unique(classes):
        turn[classes == label] = np.arange((classes == label).sum())
    return np.asarray(order[np.lexsort((classes, turn))][:count])
