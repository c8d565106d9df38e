"""A publisher's mask: what it covers is never trained, and naming it is refused in one line."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from odl.adapt.frozen import KEY
from odl.compile import Options, compile_model
from odl.errors import UsageError
from odl.train.options import TrainOptions
from tests.adapt.test_memory import stack
from tests.models import conv_net, model
from tests.train.steps import batches, compiled, states_after, train


def masked(patterns: str, net: onnx.ModelProto | None = None) -> onnx.ModelProto:
    made = onnx.ModelProto()
    made.CopyFrom(net or conv_net())
    made.metadata_props.add(key=KEY, value=patterns)
    return made


def test_no_kernel_makes_a_gradient_of_what_is_frozen() -> None:
    net = compiled("full", masked("conv", conv_net()))
    names = {s.tensor for s in net.program.states if not s.tensor.startswith("odl/")}
    assert names == {"dense_w", "dense_b"}
    assert "ai.odl.ConvGradWeight" not in [c.op for c in net.program.calls]
    frozen = {t.name: t.data.tobytes() for t in net.program.tensors if t.data is not None}
    seen = train(net, batches(3))
    assert any((states_after(net, seen[-1])["dense_w"] != seen[0]["dense_w"]).ravel())
    assert frozen == {t.name: t.data.tobytes() for t in net.program.tensors if t.data is not None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers=dense", "--train layers=dense: dense is frozen by the model's publisher; "
         "train other layers"),
        ("lora:r=1,layers=conv,dense*", "--train lora:r=1,layers=conv,dense*: dense* is frozen "
         "by the model's publisher; train other layers"),
        ("last:1", "--train last:1 chooses none of the model's parameters; it has"),
    ],
)  # fmt: skip
def test_who_names_frozen_layers_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        compiled(text, masked("dense"))
    assert message in str(error.value)


def test_where_all_is_frozen_nothing_is_trained() -> None:
    with pytest.raises(UsageError) as error:
        compiled("bias", masked("*"))
    assert "--train bias: all that it has is frozen by the model's publisher" in str(error.value)


def test_a_norm_that_is_frozen_stays_a_layer_of_its_own() -> None:
    net = compiled(TrainOptions("full", statistics=0.9), masked("norm"))
    names = {s.tensor for s in net.program.states if not s.tensor.startswith("odl/")}
    assert names == {"conv_w", "conv_b", "dense_w", "dense_b"}


def test_turns_leave_frozen_layers_out() -> None:
    net = compiled("lisa:layers=1,period=1", masked("node_2,node_6", stack()))
    names = {s.tensor for s in net.program.states if not s.tensor.startswith("odl/")}
    assert names == {f"{k}{i}" for k in "wb" for i in (0, 2, 4)} | {"wd", "bd"}


def test_a_weight_that_a_frozen_layer_shares_is_frozen() -> None:
    text = """net (float[1,4] x) => (float[1,4] y) {
        [first] a = Gemm (x, w, b1) r = Relu (a)
        [second] c = Gemm (r, w, b2) y = Softmax (c) }"""
    net, rng = model(text), np.random.default_rng(0)
    for name, shape in {"w": (4, 4), "b1": (4,), "b2": (4,)}.items():
        values = rng.normal(size=shape).astype(np.float32)
        net.graph.initializer.append(numpy_helper.from_array(values, name))
    states = compiled("full", masked("second", net)).program.states
    assert {s.tensor for s in states if not s.tensor.startswith("odl/")} == {"b1"}


def test_an_older_file_keeps_its_mask(tmp_path) -> None:
    path = tmp_path / "old.onnx"
    onnx.save(masked("dense", conv_net(17)), path)
    options = Options(train=TrainOptions("full"))
    states = compile_model(path, options).program.states
    assert not any(s.tensor.startswith("dense") for s in states)
    assert any(np.prod(compile_model(path, options).program.tensor[s.tensor].shape) > 1
               for s in states)  # fmt: skip
