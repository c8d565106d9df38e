"""Gradients from a share of the positions: right on average, in less memory, drawn alike."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper

from odl.compile import Compiled
from odl.errors import UsageError
from odl.ops.node import Node
from odl.ops.reference import evaluate
from odl.ops.sample import sample
from odl.plan.interpret import first_states
from odl.train.options import TrainOptions
from tests.models import model
from tests.train.networks import network
from tests.train.steps import Array, Seen, compiled, states_after, train

DEPTH, CHANNELS, SIDE = 4, 16, 8


@cache
def pointwise() -> onnx.ModelProto:
    """Conv of 1x1 and Relu, again and again, and a dense layer."""
    rng, lines = np.random.default_rng(0), []
    for i in range(DEPTH):
        x = "x" if i == 0 else f"r{i - 1}"
        lines.append(f"[conv{i}] c{i} = Conv ({x}, w{i}, b{i}) [relu{i}] r{i} = Relu (c{i})")
    text = f"net (float[1,{CHANNELS},{SIDE},{SIDE}] x) => (float[1,3] y) {{ {' '.join(lines)} "
    net = model(f"{text} [flat] f = Flatten (r{DEPTH - 1}) [dense] y = Gemm (f, wd, bd) }}")
    shapes = {f"w{i}": (CHANNELS, CHANNELS, 1, 1) for i in range(DEPTH)}
    shapes |= {f"b{i}": (CHANNELS,) for i in range(DEPTH)}  # type: ignore[misc]
    shapes |= {"wd": (CHANNELS * SIDE * SIDE, 3), "bd": (3,)}  # type: ignore[dict-item]
    for name, dims in shapes.items():
        values = rng.normal(0, 0.2, dims).astype(np.float32)
        net.graph.initializer.append(numpy_helper.from_array(values, name))
    return net


@cache
def made(text: str, dtype: str = "fp32", optimizer: str = "sgd:lr=1") -> Compiled:
    return compiled(TrainOptions(text, optimizer=optimizer), pointwise(), dtype=dtype)


def feed() -> Seen:
    x = np.random.default_rng(1).normal(size=(1, CHANNELS, SIDE, SIDE)).astype(np.float32)
    return {"x": x, "label": np.array([1], np.int32)}


def drawn(norm: Array, number: int, k: int, seed: int = 5) -> tuple[Array, Array]:
    index, weight = np.zeros(k, np.int32), np.zeros(k, np.float32)
    scratch = np.zeros(len(norm), np.int32)
    sample.run(norm, np.array([number]), index, weight, scratch, scratch, len(norm), k, seed)
    return index, weight


@pytest.mark.parametrize("k", [1, 4, 16, 40])
def test_sums_are_right_on_average(k: int) -> None:
    """Within three standard errors in each of 12 numbers; the largest count exactly."""
    rng, n, draws = np.random.default_rng(2), 64, 4000
    x = rng.normal(size=(n, 4)) * rng.gamma(0.5, size=(n, 1))
    d = rng.normal(size=(n, 3))
    norm = np.linalg.norm(x, axis=1).astype(np.float32)
    want = d.T @ x
    found = np.empty((draws, *want.shape))
    for number in range(draws):
        index, weight = drawn(norm, number, k)
        found[number] = d[index].T @ (x[index] * weight[:, None])
    error = np.abs(found.mean(0) - want)
    assert (error <= 3 * found.std(0) / np.sqrt(draws)).mean() > 0.9
    assert (error <= 4 * found.std(0) / np.sqrt(draws)).all()
    uniform = rng.integers(0, n, (draws, k))
    plain = np.einsum("dko,dkc->doc", d[uniform], x[uniform]) * (n / k)
    assert found.var(0).sum() < 0.5 * plain.var(0).sum()


@pytest.mark.parametrize("number", range(24))
def test_a_draw_is_what_the_body_says(number: int) -> None:
    """Of norms of any size, equal ones, none, and such that are not finite."""
    rng = np.random.default_rng(number)
    n = int(rng.integers(2, 90))
    k = int(rng.integers(1, n))
    norm = (np.abs(rng.normal(size=n)) ** 3 * 10.0 ** rng.integers(-32, 32)).astype(np.float32)
    norm = {0: np.full(n, 3, np.float32), 1: np.zeros(n, np.float32)}.get(number, norm)
    norm[-1] = {2: np.nan, 3: np.inf}.get(number, norm[-1])
    index, weight = drawn(norm, number, k)
    kinds = (("norm", (n,), ir.DataType.FLOAT), ("number", (), ir.DataType.INT32))
    inputs = [ir.Value(name=i, shape=ir.Shape(s), type=ir.TensorType(t)) for i, s, t in kinds]
    node = ir.node("SamplePositions", inputs, {"k": k, "seed": 5}, domain="ai.odl", num_outputs=2)
    node.outputs[0].name, node.outputs[1].name = "index", "weight"
    want = evaluate(Node(node), [norm.astype(np.float64), np.array(number, np.int32)])
    assert (want[0] == index).all()
    np.testing.assert_allclose(weight, want[1], rtol=1e-6)
    assert np.isfinite(weight).all()


@pytest.mark.parametrize("text", ["full", "lora:r=4"])
def test_the_gradient_of_a_step_is_that_of_what_was_drawn(text: str) -> None:
    """On average over draws the step is the whole one; what it does not touch is the same."""
    net, whole = made(f"{text}+wta-crs:keep=0.3"), made(text)
    first = first_states(net.program)
    plain = states_after(whole, train(whole, [feed()])[0])
    steps = [
        states_after(net, train(net, [feed()], {**first, "odl/skipped": np.int32(i)})[0])
        for i in range(40)
    ]
    names = [n for n in plain if n[0] == "w" and n != "wd" and "left" not in n]
    moved = 0
    for name in names:
        want = plain[name] - first[name]
        if not want.any():  # R of LoRA, while L is zero
            continue
        found = np.array([s[name] - first[name] for s in steps])
        error = np.abs(found.mean(0) - want)
        spread = found.std(0, ddof=1) / np.sqrt(len(steps))
        assert (error <= 3 * spread + 1e-6).mean() > 0.95
        assert (found[0] != found[1]).any()
        moved += 1
    assert moved == (DEPTH if text == "full" else 0)
    for name in ("bd", "wd") if text == "full" else ():
        assert plain[name].tobytes() == steps[0][name].tobytes()
    loss = made(text), net
    assert len({float(train(m, [feed()])[0]["loss"]) for m in loss}) == 1


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
@pytest.mark.parametrize("text", ["layers=w*", "lora:r=2,layers=w*"])
def test_less_waits_for_the_backward_part(text: str, dtype: str) -> None:
    def waiting(net: Compiled) -> int:
        program = net.program
        assert program.training is not None
        half, known = program.training.forward, {s.tensor for s in program.states}
        known |= set(program.inputs)
        return sum(b.size for b in program.buffers
                   if b.first < half <= b.last and b.name not in known)  # fmt: skip

    whole, *thinned = (
        made(text + more, dtype) for more in ("", "+wta-crs:keep=0.5", "+wta-crs:keep=0.1")
    )
    sizes = [waiting(net) for net in (whole, *thinned)]
    assert sizes[2] < sizes[1] < sizes[0]
    assert sizes[2] < (0.6 if dtype == "fp32" else 0.8) * sizes[0]
    assert thinned[1].program.arena_bytes < whole.program.arena_bytes
    assert thinned[1].program.macs < whole.program.macs
    assert thinned[1].program.state_bytes == whole.program.state_bytes


@pytest.mark.parametrize("text", ["full+wta-crs:keep=0.5", "lisa:layers=1+wta-crs:keep=0.5"])
def test_a_bad_step_leaves_the_state_as_it_is(text: str) -> None:
    net, bad = made(text, "fp32", "adam"), feed()
    bad["x"][0, 0, 1, 1] = np.inf
    first = first_states(net.program)
    after = states_after(net, train(net, [bad])[0])
    changed = {n for n in first if first[n].tobytes() != after[n].tobytes()}
    assert changed == {"odl/skipped", "odl/skipped_in_row"}


def test_what_serves_a_layer_that_does_not_learn_is_not_drawn() -> None:
    program = made("lisa:layers=1+wta-crs:keep=0.5").program
    draws = [c for c in program.calls if c.op == "ai.odl.SamplePositions"]
    assert len(draws) == DEPTH
    assert len({c.when for c in draws} - {None}) == DEPTH


@pytest.mark.parametrize("optimizer", ["sgd:lr=0.05", "adam:lr=0.01"])
def test_rows_of_matrices_are_positions_as_well(optimizer: str) -> None:
    options = TrainOptions("full+wta-crs:keep=0.5", optimizer=optimizer, accumulate=2)
    net = compiled(options, network("transformer"))
    draws = [c for c in net.program.calls if c.op == "ai.odl.SamplePositions"]
    assert len(draws) == 4  # q, k and v see one input
    x = np.random.default_rng(0).normal(size=(1, 12, 16)).astype(np.float32)
    sample_ = {"x": x, "label": np.array([1], np.int32)}
    losses = [float(s["loss"]) for s in train(net, [sample_] * 24)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("full+wta-crs:keep=0.5,layers=conv", "--train wta-crs:keep=0.5,layers=conv: Conv node "
         "'conv' has a window, groups or a batch of images; Gemm, MatMul and Conv of 1x1 without "
         "stride can be thinned"),
        ("full+wta-crs:keep=0.5", "--train wta-crs:keep=0.5 finds no layer of more than one "
         "position without a window"),
        ("wta-crs:keep=0.5", "--train wta-crs:keep=0.5 chooses none"),
        ("full+wta-crs:keep=0", "--train wta-crs: keep=0; a number from"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        compiled(text)
    assert message in str(error.value)
