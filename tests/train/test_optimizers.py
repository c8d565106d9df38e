"""Optimisers against ONNX's training operators and PyTorch's definitions, step for step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from odl.plan.interpret import first_states
from odl.train.optimizers import LIVE
from odl.train.options import TrainOptions
from tests.models import model
from tests.train.steps import Array, batches, compiled, train

STEPS = 6
Step = Callable[[Array, Array, int], Array]
"""From a weight, its gradient and the number of the step (from 1) to the next weight."""


def course(optimizer: str, accumulate: int = 1) -> list[tuple[Array, Array, Array]]:
    """Value, gradient and next value of a weight that is pulled towards changing targets."""
    net = model("g (float[1,8] x) => (float[1,8] y) { m = MatMul (x, z) y = Add (m, w) }")
    rng = np.random.default_rng(0)
    net.graph.initializer.append(numpy_helper.from_array(np.zeros((8, 8), np.float32), "z"))
    first = rng.normal(size=(1, 8)).astype(np.float32)
    net.graph.initializer.append(numpy_helper.from_array(first, "w"))
    made = compiled(TrainOptions("bias", "mse", optimizer, accumulate), net)
    feeds = [
        {"x": np.ones((1, 8), np.float32), "label": rng.normal(size=(1, 8)).astype(np.float32)}
        for _ in range(STEPS)
    ]
    return [(s["w"], s["w/grad"], s["w/next"]) for s in train(made, feeds)]


def check(optimizer: str, step: Step) -> None:
    for number, (w, g, after) in enumerate(course(optimizer), 1):
        want = step(w.astype(np.float64), g.astype(np.float64), number)
        np.testing.assert_allclose(after, want, rtol=2e-6, atol=2e-7)


def of_onnx(op: str, states: int, **attributes: object) -> Step:
    """The training operator of ONNX, at a rate of 0.1; its state is carried along."""
    names = ["w", "g", *(f"s{i}" for i in range(states))]
    after = ["w1", *(f"t{i}" for i in range(states))]
    node = helper.make_node(
        op, ["r", "t", *names], after, domain="ai.onnx.preview.training", **attributes
    )
    kinds = {"t": onnx.TensorProto.INT64}
    inputs, outputs = (
        [
            helper.make_tensor_value_info(n, kinds.get(n, onnx.TensorProto.FLOAT), None)
            for n in group
        ]
        for group in (["r", "t", *names], after)
    )
    graph = helper.make_graph([node], "g", inputs, outputs)
    opsets = [helper.make_opsetid("ai.onnx.preview.training", 1), helper.make_opsetid("", 18)]
    session = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets))
    kept = [np.zeros((1, 8), np.float32)] * states

    def step(w: Array, g: Array, number: int) -> Array:
        feeds = {
            "r": np.float32(0.1),
            "t": np.int64(number),
            "w": w.astype(np.float32),
            "g": g.astype(np.float32),
        }
        made = session.run(after, {**feeds, **{f"s{i}": s for i, s in enumerate(kept)}})
        kept[:] = made[1:]
        return np.asarray(made[0])

    return step


def test_sgd() -> None:
    check("sgd:lr=0.1", lambda w, g, t: w - 0.1 * g)
    check("sgd:lr=0.1,decay=0.05", lambda w, g, t: w - 0.1 * (g + 0.05 * w))


@pytest.mark.parametrize("mode", ["standard", "nesterov"])
def test_momentum_is_that_of_onnx(mode: str) -> None:
    judge = of_onnx("Momentum", 1, alpha=0.9, beta=1.0, mode=mode, norm_coefficient=0.01)
    flag = ",nesterov" if mode == "nesterov" else ""
    check(f"sgd:lr=0.1,momentum=0.9,decay=0.01{flag}", judge)


def test_adam_is_that_of_onnx() -> None:
    """With an epsilon that does not count: ONNX adds it before the correction, PyTorch behind."""
    judge = of_onnx("Adam", 2, alpha=0.8, beta=0.95, epsilon=1e-12, norm_coefficient=0.02)
    check("adam:lr=0.1,beta1=0.8,beta2=0.95,eps=1e-12,decay=0.02", judge)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_is_that_of_pytorch(decoupled: bool) -> None:
    """torch.optim.Adam and AdamW, as their documentation writes them."""
    lr, b1, b2, eps, decay = 0.1, 0.9, 0.99, 0.01, 0.1
    m = v = np.zeros((1, 8))

    def step(w: Array, g: Array, t: int) -> Array:
        nonlocal m, v
        w, g = (w - lr * decay * w, g) if decoupled else (w, g + decay * w)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        return np.asarray(w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps))

    name = "adamw" if decoupled else "adam"
    check(f"{name}:lr={lr},beta1={b1},beta2={b2},eps={eps},decay={decay}", step)


def test_the_norm_is_clipped() -> None:
    """torch.nn.utils.clip_grad_norm_ with max_norm 0.5."""
    check(
        "sgd:lr=0.1,clip=0.5",
        lambda w, g, t: w - 0.1 * g * min(1, 0.5 / (np.linalg.norm(g) + 1e-6)),
    )
    check("sgd:lr=0.1,clip=1000", lambda w, g, t: w - 0.1 * g)


def test_schedules() -> None:
    def rate(t: int, shape: Callable[[float], float]) -> float:
        done = t - 1
        return 0.1 * ((done + 1) / 3 if done < 2 else shape(min(1, (done - 2) / 4)))

    options = "sgd:lr=0.1,steps=6,warmup=2"
    check(f"{options},schedule=linear", lambda w, g, t: w - rate(t, lambda s: 1 - s) * g)
    cosine: Callable[[float], float] = lambda s: 0.5 + 0.5 * np.cos(np.pi * s)  # noqa: E731
    check(f"{options},schedule=cosine", lambda w, g, t: w - rate(t, cosine) * g)
    check(options, lambda w, g, t: w - rate(t, lambda s: 1) * g)


def test_a_clipped_mean_of_two() -> None:
    """The norm that is clipped is that of the mean."""
    steps = course("sgd:lr=0.1,clip=0.5", accumulate=2)
    for at in range(0, STEPS, 2):
        w, first, same = steps[at]
        _, second, after = steps[at + 1]
        assert same.tobytes() == w.tobytes()
        mean = (first.astype(np.float64) + second) / 2
        want = w - 0.1 * mean * min(1, 0.5 / (np.linalg.norm(mean) + 1e-6))
        np.testing.assert_allclose(after, want, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("schedule", ["", ",schedule=linear,steps=4"])
def test_a_live_rate_is_what_the_host_says(schedule: str) -> None:
    made = compiled(TrainOptions("last:1", optimizer=f"sgd:lr=0.1,live{schedule}"))
    states = first_states(made.program)
    feed = batches(1)[0]
    (slow,) = train(made, [feed], states)
    (fast,) = train(made, [feed], {**states, LIVE: np.array(0.3, np.float32)})
    step = slow["dense_w/next"] - slow["dense_w"]
    np.testing.assert_allclose(fast["dense_w/next"] - fast["dense_w"], 3 * step, rtol=1e-4)
    assert fast[f"{LIVE}/next"] == np.float32(0.3)
    (bad,) = train(made, [feed], {**states, LIVE: np.array(np.nan, np.float32)})
    np.testing.assert_array_equal(bad["dense_w/next"], states["dense_w"])
