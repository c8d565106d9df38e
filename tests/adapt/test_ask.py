"""What --train says: methods, their settings, their layers; what it refuses, in one line."""

from __future__ import annotations

import numpy as np
import pytest

from odl.adapt.ask import keeps_norms, read
from odl.adapt.choose import choose
from odl.errors import ModelError, UsageError
from odl.train.options import TrainOptions
from tests.adapt.layers import canonical, net
from tests.models import conv_net
from tests.train.steps import compiled


def test_methods_settings_and_layers() -> None:
    lora, bias, last = read("lora:r=2,alpha=8,layers=conv*,dense_w+bias+last:3")
    assert (lora.method.name, lora.spec.settings) == ("lora", {"r": "2", "alpha": "8"})
    assert lora.patterns == ("conv*", "dense_w")
    assert (bias.method.name, bias.patterns) == ("bias", ())
    assert last.spec.settings == {"n": "3"}
    (named,) = read("layers=a*,b")
    assert (named.method.name, named.patterns) == ("full", ("a*", "b"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lorra", "--train lorra; did you mean lora?"),
        ("lora+bais", "--train bais; did you mean bias?"),
        ("lora:rank=4", "--train lora: rank; one of r, alpha, seed, layers"),
        ("lora:alhpa=4", "--train lora: alhpa; did you mean alpha?"),
        ("lora:r=0", "--train lora: r=0; a number from 1 to 4096"),
        ("lora:r=x", "--train lora: r=x; a number from 1 to 4096"),
        ("peqa:bits=3", "--train peqa: bits=3; 4 or 8"),
        ("lora:layers=", "--train lora:layers=; layers=PATTERN,..."),
        ("lora:layers=zzz", "--train lora:layers=zzz chooses none of the model's parameters; "
         "it has n (weight), n (bias), dense (weight), dense (bias)"),
        ("bias+full", "--train bias chooses none of the model's parameters"),
        ("", "--train ; one of"),
        ("lora++bias", "--train ; one of"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        compiled(text)
    assert message in str(error.value).replace("conv (", "n (")


def test_the_later_of_two_methods_has_a_parameter() -> None:
    graph = canonical(conv_net()).graph
    plan = choose(graph, "lora:r=1+last:1")
    assert [str(v.name) for v in plan.selected] == ["dense_w", "dense_b"]
    assert [layer.given.name for layer in plan.layers] == ["n/weight"]
    plan = choose(graph, "full+lora:r=1")
    assert [str(v.name) for v in plan.selected] == ["n/bias", "dense_b"]
    assert len(plan.layers) == 2
    two = choose(graph, "lora:r=1+core:r=1,layers=dense*").layers
    assert [layer.method.name for layer in two] == ["lora", "core"]


def test_weights_that_are_smaller_than_the_factors_are_left_alone() -> None:
    graph = canonical(net("pointwise")).graph
    assert len(choose(graph, "lora:r=3").layers) == 1
    with pytest.raises(UsageError, match="larger than any weight"):
        choose(graph, "lora:r=4")
    assert choose(graph, "lora:r=9,layers=*").layers[0].chain.size == 6 * (6 + 8)


def test_norms_stay_layers_where_a_method_wants_them() -> None:
    assert keeps_norms("lora+norm")
    assert not keeps_norms("lora+bias")
    states = {s.tensor for s in compiled("lora:r=1+norm").program.states}
    assert len([s for s in states if not s.startswith("odl/")]) > 4


def test_a_method_that_is_calibrated_wants_samples() -> None:
    with pytest.raises(UsageError) as error:
        compiled("eva:r=1")
    assert str(error.value) == (
        "--train eva starts from what the layers see; give samples with --calibrate FILE.npz"
    )
    with pytest.raises(ModelError) as wrong:
        compiled("eva:r=1", samples={"image": np.zeros((3, 2, 8, 7))})
    assert str(wrong.value).startswith("--calibrate: array 'image' has the shape [3, 2, 8, 7]")
    with pytest.raises(ModelError, match="no array for input 'image'"):
        compiled("eva:r=1", samples={"other": np.zeros(3)})


def test_spent_ranks_follow_what_layers_see() -> None:
    rng = np.random.default_rng(0)
    flat = np.repeat(rng.normal(size=(8, 2, 1, 1)), 8, 2).repeat(8, 3)
    made = compiled(TrainOptions("eva:r=2"), samples={"image": flat})
    shapes = {s.tensor: made.program.tensor[s.tensor].shape for s in made.program.states}
    ranks = [shape[0] for name, shape in shapes.items() if name.endswith("eva/right")]
    assert sum(ranks) <= 4
    assert all(1 <= r <= 4 for r in ranks)


def test_names_that_the_model_has_taken() -> None:
    proto = conv_net()
    for tensor in proto.graph.initializer:
        if tensor.name == "dense_b":
            tensor.name = "dense_w/lora/left"
    for node in proto.graph.node:
        node.input[:] = ["dense_w/lora/left" if n == "dense_b" else n for n in node.input]
    made = compiled("lora:r=1,layers=dense_w+bias", proto)
    names = {s.tensor for s in made.program.states}
    assert {"dense_w/lora/left", "dense_w/lora/left'"} <= names
