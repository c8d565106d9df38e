"""A Relu goes into the product that it alone reads, and no bit of a training step changes."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

import odl.compile
from odl.bench.networks import ds_cnn
from odl.compile import Options, compile_graph
from odl.plan.interpret import interpret
from odl.train.options import TrainOptions
from odl.transform.fuse_addends import fuse_addends
from odl.transform.fuse_relus import fuse_relus
from odl.transform.infer_shapes import infer_shapes
from tests.models import graph, operators, reference

HEAD = "<float[2,3,1,1] w = {1,-2,3,4,5,-6}, float[2] b = {1,2}>"
FUSED = {
    "s = Conv (x, w) y = Relu (s)": ["ConvRelu"],
    's = Conv <auto_pad = "SAME_UPPER"> (x, w, b) y = Relu (s)': ["ConvRelu"],
    "s = Conv (x, w, b) t = Add (s, z) y = Relu (t)": ["ConvAddRelu"],
    "s = Conv (x, w) r = Relu (s) y = Sub (r, s)": ["Conv", "Relu", "Sub"],
}


@pytest.mark.parametrize("body", FUSED)
def test_convolutions(body: str) -> None:
    text = f"g (float[1,3,4,4] x, float[1,2,4,4] z) => (float[1,2,4,4] y) {HEAD} {{ {body} }}"
    made = fuse_relus(fuse_addends(infer_shapes(graph(text))))
    assert operators(made) == FUSED[body]
    rng = np.random.default_rng(0)
    shapes = {"x": (1, 3, 4, 4), "z": (1, 2, 4, 4)}
    given = {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    want = reference(graph(text), given)[0]
    np.testing.assert_allclose(reference(made, given)[0], want, rtol=1e-6)


@pytest.mark.parametrize("method", ["full", "lora:r=2"])
def test_a_training_step_is_the_same_bit_for_bit(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("odl.plan.arena._solve", lambda *_: None)  # it need not be optimal
    options = Options("host", train=TrainOptions(method, optimizer="sgd:lr=0.1"))
    programs = []
    for last in (odl.compile.LAST, ()):
        monkeypatch.setattr(odl.compile, "LAST", last)
        programs.append(compile_graph(ir.serde.deserialize_model(ds_cnn()), "net", options).program)
    fused, plain = programs
    assert len(fused.calls) < len(plain.calls)
    x = np.random.default_rng(0).normal(size=(1, 1, 49, 10)).astype(np.float32)
    assert fused.training is not None
    seen = [interpret(p, {"x": x, fused.training.label: np.array([3])}) for p in programs]
    for name in (*plain.outputs, *(s.successor for s in plain.states)):
        np.testing.assert_array_equal(seen[0][name], seen[1][name])
