"""Frozen factors that are made again: the same learning, bit for bit, without their constants."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from odl.adapt.files import merge
from odl.train.options import TrainOptions
from tests.adapt.layers import net
from tests.adapt.test_files import base_of
from tests.models import conv_net
from tests.train.steps import Seen, batches, compiled, states_after, train

OPTIMIZER = "adam:lr=0.02"


def feeds(kind: str) -> list[Seen]:
    if kind == "whole":
        return batches(4)
    rng, shape = np.random.default_rng(0), net(kind).graph.input[0].type.tensor_type.shape
    dims = [d.dim_value for d in shape.dim]
    made = [{"x": rng.normal(size=dims).astype(np.float32)} for _ in range(4)]
    label = [d.dim_value for d in net(kind).graph.output[0].type.tensor_type.shape.dim]
    return [{**f, "label": rng.normal(size=label).astype(np.float32)} for f in made]


def model(kind: str) -> onnx.ModelProto:
    return conv_net() if kind == "whole" else net(kind)


CASES = [(k, d) for k in ("whole", "groups", "turned") for d in ("fp32", "fp16")]


@pytest.mark.parametrize(("kind", "dtype"), [*CASES, ("lstm", "fp32")])
def test_they_learn_the_same(kind: str, dtype: str) -> None:
    loss = "ce" if kind == "whole" else "mse"
    layers = "" if kind == "whole" else ",layers=w,r"
    made = [
        compiled(
            TrainOptions(f"lora-fa:r=2{how}{layers}", loss, OPTIMIZER), model(kind), dtype=dtype
        )
        for how in ("", ",seeded")
    ]
    stored, again = (states_after(m, train(m, feeds(kind))[-1]) for m in made)
    assert stored.keys() == again.keys()
    for name, value in stored.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)
    size = 2 if dtype == "fp16" else 4
    records = base_of(made[1]).records
    rights = sum(base_of(made[1]).constants[r.factors["right"]].size for r in records)
    fell = made[0].program.constant_bytes - made[1].program.constant_bytes
    assert fell == rights * size > 0 or kind == "lstm"


def test_each_is_made_for_one_reader_and_then_gone() -> None:
    made = compiled(TrainOptions("lora-fa:r=2,seeded", optimizer=OPTIMIZER), conv_net())
    plain = compiled(TrainOptions("lora-fa:r=2", optimizer=OPTIMIZER), conv_net())
    calls = made.program.calls
    makers = [i for i, c in enumerate(calls) if c.op == "ai.odl.Seeded"]
    assert len(makers) == 4  # of the first layer for R x and W + L R, of the last one for both ways
    for i in makers:
        name = calls[i].args["y"].tensor
        readers = [n for n, c in enumerate(calls) if name in {r.tensor for r in c.sources}]
        assert readers == [i + 1]
    assert made.program.arena_bytes <= plain.program.arena_bytes + 64 * 2 * 4


def test_files_know_what_is_made_again() -> None:
    """The adapter of either program merges to the same model."""
    found = []
    for how in ("", ",seeded"):
        made = compiled(TrainOptions(f"lora-fa:r=2{how}", optimizer=OPTIMIZER), conv_net())
        states, base = states_after(made, train(made, batches(3))[-1]), base_of(made)
        graph, _ = merge(base, {k: v for k, v in states.items() if k in base.learns})
        found.append([t.raw_data for t in graph.graph.initializer])
    assert found[0] == found[1]
