"""Draws: the kernel, its body and the host's generator choose the same."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.adapt.generator import choose as chosen
from odl.adapt.generator import integers
from odl.ops.choose import choose
from odl.ops.node import Node
from odl.ops.random_numbers import signed
from odl.ops.reference import evaluate


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**32 - 1])
@pytest.mark.parametrize("number", [0, 1, 1000])
@pytest.mark.parametrize(("n", "count"), [(1, 1), (9, 2), (40, 39)])
def test_a_choice_is_the_same_everywhere(seed: int, number: int, n: int, count: int) -> None:
    want = chosen(int(integers(seed, number + 1)[number]), count, n)
    got = np.zeros(n, bool)
    choose.run(np.array([number], np.int32), got, n, count, signed(seed))
    value = ir.Value(name="number", shape=ir.Shape(()), type=ir.TensorType(ir.DataType.INT32))
    settings = {"n": n, "count": count, "seed": seed}
    node = ir.node("Choose", [value], settings, domain="ai.odl")
    node.outputs[0].name = "chosen"
    (body,) = evaluate(Node(node), [np.array(number, np.int32)])
    assert np.flatnonzero(got).tolist() == np.flatnonzero(body).tolist() == want.tolist()
