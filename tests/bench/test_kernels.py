"""A product is one step, and a convolution's phases are what its gradient is defined as."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.bench.kernels import CHANNELS, OUT, TAPS, conv_step, product
from odl.compile import Options, compile_graph
from tests.models import reference

MACS = 36_864
"""Of each phase."""


def test_a_product_is_one_step() -> None:
    model = ir.serde.deserialize_model(product(3, 4, 5, "fp16"))
    (call,) = compile_graph(model, "matmul", Options()).program.calls
    assert (call.macs, call.variant[:3]) == (60, "f16")


@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_three_phases_of_equal_work(dtype: str) -> None:
    model = ir.serde.deserialize_model(conv_step(dtype))
    calls = compile_graph(model, "conv", Options(dtype=dtype)).program.calls
    assert {c.node: c.macs for c in calls} == {
        "forward": MACS, "weight gradient": MACS, "input gradient": MACS,
    }  # fmt: skip


def test_the_phases_are_those_of_the_loss_dy_y() -> None:
    """Of the loss sum(dy * y), which is linear in x and in w, by putting in each basis vector."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, CHANNELS, 10, 10)), rng.normal(size=(CHANNELS, CHANNELS, TAPS, TAPS))
    inputs = {"x": x, "w": w, "dy": rng.normal(size=(1, CHANNELS, OUT, OUT))}
    inputs = {k: v.astype(np.float32) for k, v in inputs.items()}
    windows = np.lib.stride_tricks.sliding_window_view(inputs["x"][0], (TAPS, TAPS), axis=(1, 2))
    y, dw, dx = reference(conv_step("fp32"), inputs)
    np.testing.assert_allclose(y[0], np.einsum("cpqij,ocij->opq", windows, inputs["w"]), atol=1e-4)
    np.testing.assert_allclose(
        dw.reshape(w.shape), np.einsum("cpqij,opq->ocij", windows, inputs["dy"][0]), atol=1e-4
    )
    assert np.sum(dx * inputs["x"]) == pytest.approx(np.sum(inputs["dy"] * y), rel=1e-4)
    assert np.sum(dw.ravel() * inputs["w"].ravel()) == pytest.approx(
        np.sum(inputs["dy"] * y), rel=1e-4
    )
