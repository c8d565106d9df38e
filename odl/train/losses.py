"""Losses: nodes behind a prediction and a label, all in single precision.

Every loss is a mean over what is not masked. Their gradients come from those of their nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import onnx_ir as ir

from odl.dtype import F32, I32, DType
from odl.errors import ModelError
from odl.ops.weave import Term, Weaver
from odl.spec import Spec


@dataclass(frozen=True)
class Loss:
    """How a loss is made of the prediction and the label, both as terms."""

    label: Callable[[tuple[int, ...], Spec], tuple[DType, tuple[int, ...]]]
    """Type and shape of the label, from the shape of the prediction."""
    build: Callable[[Weaver, Term, Term, Spec], Term]
    of_logits: str = ""
    """The operator behind which the prediction ends, which the loss contains: Softmax, Sigmoid."""
    settings: tuple[str, ...] = ()


def _classes(shape: tuple[int, ...], spec: Spec) -> tuple[DType, tuple[int, ...]]:
    """A class number for each position, or with `soft` a probability for each class."""
    if len(shape) < 2:
        raise ModelError(
            f"the prediction {list(shape)} has no axis of classes", where="--loss ce",
            advice="mse, l1 or huber",
        )  # fmt: skip
    return (F32, shape) if spec.flag("soft") else (I32, (shape[0], *shape[2:]))


def _like(shape: tuple[int, ...], spec: Spec) -> tuple[DType, tuple[int, ...]]:
    return F32, shape


def _mean_over(w: Weaver, each: Term, mask: Term, mask_shape: tuple[int, ...]) -> Term:
    """The mean of `each` where `mask` is true, for 0 where it is nowhere."""
    axes = range(len(mask_shape))
    weight = w.where(mask, 1.0, 0.0)
    count = w.term("Max", weight.sum(axes), w.number(1.0))
    return w.where(mask, each, 0.0).sum(axes) / count


def _cross_entropy(w: Weaver, z: Term, label: Term, spec: Spec) -> Term:
    """-sum_c t_c log softmax(z)_c: the largest logit is subtracted first, as LogSoftmax does.

    Class numbers below 0 are masked. Smoothing by s makes t = (1 - s) onehot + s / classes
    (arXiv:1512.00567).
    """
    shape, classes = z.shape, z.shape[1]
    s = spec.number("smoothing", 0.0, 0.0, 0.999)
    if spec.flag("soft"):
        log_p = z.apply("LogSoftmax", axis=1)
        target = label if s == 0 else label * (1 - s) + s / classes
        return -(target * log_p).sum(range(len(shape))) * (classes / math.prod(shape))
    each = w.term("ai.odl.CrossEntropy", z, label, smoothing=s).typed((shape[0], *shape[2:]), F32)
    return w.term("ai.odl.MaskedMean", each, label)


def _binary_cross_entropy(w: Weaver, z: Term, label: Term, spec: Spec) -> Term:
    """softplus(z) - t z: no logarithm of a probability that has become 0. NaN labels are masked."""
    return _masked(w, z, label, lambda t: z.apply("Softplus") - t * z)


def _masked(w: Weaver, z: Term, label: Term, each: Callable[[Term], Term]) -> Term:
    """The mean over the labels that are not NaN."""
    known = w.term("Equal", label, label)
    return _mean_over(w, each(w.where(known, label, 0.0)), known, z.shape)


def _squared(w: Weaver, z: Term, label: Term, spec: Spec) -> Term:
    def each(t: Term) -> Term:
        d = z - t
        return d * d

    return _masked(w, z, label, each)


def _absolute(w: Weaver, z: Term, label: Term, spec: Spec) -> Term:
    return _masked(w, z, label, lambda t: (z - t).apply("Abs"))


def _huber(w: Weaver, z: Term, label: Term, spec: Spec) -> Term:
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2) (Huber, 1964)."""
    delta = spec.number("delta", 1.0, 1e-6, 1e6)

    def each(t: Term) -> Term:
        d = z - t
        away = d.apply("Abs")
        return w.where(away <= delta, d * d * 0.5, away * delta - 0.5 * delta * delta)

    return _masked(w, z, label, each)


LOSSES = {
    "ce": Loss(_classes, _cross_entropy, "Softmax", ("smoothing", "soft")),
    "bce": Loss(_like, _binary_cross_entropy, "Sigmoid"),
    "mse": Loss(_like, _squared),
    "l1": Loss(_like, _absolute),
    "huber": Loss(_like, _huber, settings=("delta",)),
}


def logits(prediction: ir.Value, loss: Loss) -> ir.Value:
    """What the loss is computed from: the prediction, or what its last operator was given."""
    node = prediction.producer()
    if node is None or not loss.of_logits or node.op_type != loss.of_logits or node.domain:
        return prediction
    if node.op_type == "Softmax":
        rank = len(prediction.shape or ())
        axis = node.attributes["axis"].as_int() if "axis" in node.attributes else -1
        if axis % rank != 1:
            return prediction
    source = node.inputs[0]
    assert source is not None
    return source
