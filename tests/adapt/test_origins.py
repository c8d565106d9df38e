"""Where parameters of a compiled graph come from: names and values that the model has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from odl.adapt.files import Base
from odl.adapt.origins import LOST, Origin, origins
from tests.models import Array, model

GIVEN = """net (float[1,2,4,4] x) => (float[1,3] y) {
    [_conv_Conv] c = Conv (x, wc) [norm] n = BatchNormalization (c, ws, wb, wm, wv)
    p = GlobalAveragePool (n) f = Flatten (p)
    [fc] t = Transpose <perm = [1, 0]> (wf) [_fc_MatMul] h = MatMul (f, t)
    [add] y = Add (h, wa) }"""

COMPILED = """net (float[1,2,4,4] x) => (float[1,3] y) {
    [_conv_Conv] n = Conv (x, nw, nb) p = GlobalAveragePool (n) f = Flatten (p)
    [_fc_MatMul] h = MatMul (f, tw) [add] y = Add (h, wa) }"""


def filled(text: str, arrays: Mapping[str, Array], names: Mapping[str, str]) -> onnx.ModelProto:
    """With names that the text form of ONNX cannot have."""
    made = model(text)
    for name, array in arrays.items():
        made.graph.initializer.append(numpy_helper.from_array(array, names.get(name, name)))
    for node in made.graph.node:
        node.input[:] = [names.get(n, n) for n in node.input]
        node.name = node.name.replace("_", "/")
    return made


def found(
    names: Mapping[str, str],
    factor: Array | None = None,
    theirs: Callable[[Mapping[str, Array]], Mapping[str, Array]] | None = None,
) -> dict[str, Origin]:
    """Origins of the compiled graph's parameters.

    Args:
        theirs: from the model's arrays, those that PyTorch has; the model is the compiled one then.
    """
    rng = np.random.default_rng(0)
    wc, wf = rng.normal(size=(5, 2, 3, 3)), rng.normal(size=(3, 5))
    by = np.arange(1.0, 6) if factor is None else factor
    given = {"wc": wc, "wf": wf, "wa": np.ones(3), "ws": by, "wb": np.full(5, 7.0),
             "wm": np.zeros(5), "wv": np.ones(5)}  # fmt: skip
    mine = {"nw": wc * by[:, None, None, None], "nb": np.full(5, 6.5), "tw": wf.T, "wa": np.ones(3)}
    single = [{k: v.astype(np.float32) for k, v in a.items()} for a in (given, mine)]
    compiled = filled(COMPILED, single[1], names)
    compiled.graph.node[0].metadata_props.add(key="odl.fused", value="/conv/Conv+norm")
    base = Base(compiled, [], {}, "")
    if theirs is not None:
        return origins(base, compiled, theirs(single[0]))
    return origins(base, filled(GIVEN, single[0], names))


TORCH = {
    "wc": "conv.weight",
    "ws": "bn.weight",
    "wb": "bn.bias",
    "wf": "fc.weight",
    "wa": "fc.bias",
}

EXPORTED = {"wc": "onnx::Conv_3", "wf": "onnx::MatMul_7", "wa": "onnx::Add_9"}


def test_names_of_pytorch_are_modules_and_parts() -> None:
    known = found(TORCH)
    places = {k: (o.module, o.part, o.turned) for k, o in known.items()}
    assert places == {
        "nw": ("conv", "weight", False),
        "nb": ("bn", "bias", False),
        "tw": ("fc", "weight", True),
        "fc.bias": ("fc", "bias", False),
    }


def test_names_that_an_exporter_made_are_left_for_those_of_nodes() -> None:
    known = found(EXPORTED)
    assert [known[k].module for k in ("nw", "tw")] == ["conv", "fc"]


def test_values_go_there_and_back() -> None:
    for origin in found(TORCH).values():
        change = np.random.default_rng(1).normal(size=origin.before.shape).astype(np.float32)
        theirs = origin.theirs(origin.before + change)
        assert theirs.shape == origin.first.shape
        np.testing.assert_allclose(origin.ours(theirs), origin.before + change, atol=1e-5)
        np.testing.assert_array_equal(origin.theirs(origin.before), origin.first)
    conv, shift = (found(TORCH)[k] for k in ("nw", "nb"))
    np.testing.assert_allclose(conv.factor.ravel(), np.arange(1, 6), rtol=1e-6)
    np.testing.assert_allclose(shift.theirs(shift.before + 1), np.full(5, 8.0))


def test_rows_that_became_zeros_come_from_nowhere() -> None:
    """What a change of them was in the model cannot be told: the weight stands for itself."""
    origin = found(TORCH, np.array([1.0, 0, 1, 1, 1]))["nw"]
    assert origin.factor.size == 1
    np.testing.assert_array_equal(origin.first, origin.before)


def test_what_the_exporter_has_folded_is_found_in_the_weights_themselves() -> None:
    """PyTorch's exporters write a product under the name of one of its factors."""
    names = {"nw": "conv.weight", "nb": "conv.weight_bias", "tw": "val_3", "wa": "val_4"}

    def state(given: Mapping[str, Array]) -> dict[str, Array]:
        return {v: given[k] for k, v in TORCH.items()}

    known = found(names, theirs=state)
    places = {k: (o.module, o.part, o.turned) for k, o in known.items()}
    assert places == {
        "conv.weight": ("conv", "weight", False),
        "conv.weight_bias": ("conv.weight_bias", LOST, False),
        "val_3": ("fc", "weight", True),
        "val_4": ("fc", "bias", False),
    }
    np.testing.assert_allclose(known["conv.weight"].factor.ravel(), np.arange(1, 6), rtol=1e-6)
    twice = found(names, theirs=lambda given: {**state(given), "other.bias": given["wa"]})
    assert twice["val_4"].part == LOST


def test_scopes_of_lists_begin_with_their_names() -> None:
    names = {**EXPORTED, "nw": "onnx::Conv_3"}
    given = filled(COMPILED, {}, names)
    given.graph.node[0].name = "/layer2/layer2.0/conv/Conv"
    rng = np.random.default_rng(0)
    for name, shape in {"onnx::Conv_3": (5, 2, 3, 3), "nb": (5,)}.items():
        values = rng.normal(size=shape).astype(np.float32)
        given.graph.initializer.append(numpy_helper.from_array(values, name))
    known = origins(Base(given, [], {}, ""), given)
    assert known["onnx::Conv_3"].module == known["nb"].module == "layer2.0.conv"
