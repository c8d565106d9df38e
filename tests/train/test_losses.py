"""Losses and their gradients against formulas in double precision, also where numbers are large."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx import numpy_helper

from odl.errors import ModelError
from odl.train.options import TrainOptions
from tests.models import model
from tests.train.steps import Array, compiled, train

Formula = Callable[[Array, Array], tuple[float, Array]]
"""From logits or predictions and labels to the loss and its gradient."""

BATCH, CLASSES = 4, 5


def loss_and_gradient(loss: str, z: Array, label: Array, end: str = "") -> tuple[float, Array]:
    """Of a network whose output is its trained bias: the gradient of that is that of the loss."""
    body = "y = Add (m, b)" if not end else f"z = Add (m, b) y = {end} (z)"
    shape = ",".join(map(str, z.shape))
    net = model(f"g (float[{shape}] x) => (float[{shape}] y) {{ m = MatMul (x, w) {body} }}")
    zeros = np.zeros((z.shape[1], z.shape[1]), np.float32)
    net.graph.initializer.append(numpy_helper.from_array(zeros, "w"))
    net.graph.initializer.append(numpy_helper.from_array(z.astype(np.float32), "b"))
    made = compiled(TrainOptions("bias", loss), net)
    seen = train(made, [{"x": np.ones(z.shape, np.float32), "label": label}])[0]
    return float(seen["loss"]), seen["b/grad"]


def cross_entropy(z: Array, t: Array, weight: Array) -> tuple[float, Array]:
    count = max(weight.sum(), 1)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    value = -(t * log_p).sum(axis=1) * weight
    return float(value.sum() / count), (np.exp(log_p) - t) * weight[:, None] / count


def logits(scale: float = 1.0) -> Array:
    return np.random.default_rng(0).normal(0, scale, (BATCH, CLASSES)).astype(np.float32)


def close(got: tuple[float, Array], want: tuple[float, Array]) -> None:
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("end", ["", "Softmax <axis = 1>"])
@pytest.mark.parametrize("scale", [1.0, 100.0, 30000.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_of_classes(end: str, scale: float, smoothing: float) -> None:
    z, label = logits(scale), np.array([1, 4, 0, 1], np.int32)
    target = np.eye(CLASSES)[label] * (1 - smoothing) + smoothing / CLASSES
    loss = f"ce:smoothing={smoothing}"
    name, _, rest = end.partition(" ")
    got = loss_and_gradient(loss, z, label, f"{name} {rest}".strip())
    close(got, cross_entropy(z.astype(np.float64), target, np.ones(BATCH)))


def test_masked_classes_count_for_nothing() -> None:
    z, label = logits(), np.array([1, -1, 0, -100], np.int32)
    target, weight = np.eye(CLASSES)[np.maximum(label, 0)], (label >= 0).astype(float)
    close(loss_and_gradient("ce", z, label), cross_entropy(z.astype(np.float64), target, weight))
    value, slope = loss_and_gradient("ce", z, np.full(BATCH, -1, np.int32))
    assert value == 0
    assert not slope.any()


def test_cross_entropy_of_probabilities() -> None:
    z = logits()
    target = np.random.default_rng(1).dirichlet(np.ones(CLASSES), BATCH).astype(np.float32)
    got = loss_and_gradient("ce:soft", z, target)
    close(got, cross_entropy(z.astype(np.float64), target, np.ones(BATCH)))


def binary(z: Array, t: Array) -> tuple[float, Array]:
    return np.logaddexp(0, z) - t * z, 0.5 * (1 + np.tanh(z / 2)) - t


def squared(z: Array, t: Array) -> tuple[Array, Array]:
    return (z - t) ** 2, 2 * (z - t)


def absolute(z: Array, t: Array) -> tuple[Array, Array]:
    return np.abs(z - t), np.sign(z - t)


def huber(z: Array, t: Array) -> tuple[Array, Array]:
    d, delta = z - t, 0.7
    near = np.abs(d) <= delta
    return (
        np.where(near, d * d / 2, delta * (np.abs(d) - delta / 2)),
        np.where(near, d, delta * np.sign(d)),
    )


@pytest.mark.parametrize(
    ("loss", "formula", "scale"),
    [
        ("bce", binary, 1.0),
        ("bce", binary, 80.0),
        ("mse", squared, 1.0),
        ("l1", absolute, 1.0),
        ("huber:delta=0.7", huber, 1.0),
    ],
)
@pytest.mark.parametrize("masked", [False, True])
def test_losses_of_numbers(loss: str, formula: Formula, scale: float, masked: bool) -> None:
    z = logits(scale)
    label = np.random.default_rng(2).uniform(0, 1, z.shape).astype(np.float32)
    if masked:
        label[0, 1:3] = label[2] = np.nan
    known = ~np.isnan(label)
    each, slope = formula(z.astype(np.float64), np.where(known, label, 0).astype(np.float64))
    want = (
        float(np.where(known, each, 0).sum() / known.sum()),
        np.where(known, slope, 0) / known.sum(),
    )
    close(loss_and_gradient(loss, z, label), want)


def test_bce_behind_a_sigmoid_is_that_of_logits() -> None:
    z, label = logits(50), np.ones((BATCH, CLASSES), np.float32)
    each, slope = binary(z.astype(np.float64), label)
    got = loss_and_gradient("bce", z, label, "Sigmoid")
    close(got, (float(each.mean()), slope / slope.size))


def test_cross_entropy_needs_an_axis_of_classes() -> None:
    net = model("g (float[3] x) => (float[3] y) <float[3] b = {1, 2, 3}> { y = PRelu (x, b) }")
    with pytest.raises(ModelError) as error:
        compiled("full", net)
    assert "no axis of classes" in str(error.value)
