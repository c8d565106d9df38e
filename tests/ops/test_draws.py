"""Draws: the kernel, its body and the host's generator choose the same."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
import pytest

from odl.adapt.generator import choose as chosen
from odl.adapt.generator import integers, uniform
from odl.ops.choose import choose
from odl.ops.node import Node
from odl.ops.random_numbers import signed
from odl.ops.reference import evaluate
from odl.ops.seeded import seeded
from odl.tiling import Span


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


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("seed", [0, 3, 2**32 - 1])
@pytest.mark.parametrize(("shape", "turned"), [((3, 7), False), ((7, 3), True), ((40,), False)])
def test_tensors_are_made_again_as_they_were(
    shape: tuple[int, ...], turned: bool, seed: int, kind: type[np.floating]
) -> None:
    """By the kernel, whole and in pieces, and by the body."""
    scale, size = np.float32(0.3), math.prod(shape)
    numbers = uniform(seed, shape[::-1] if turned else shape)
    want = ((numbers.T if turned else numbers) * scale).astype(np.float32).astype(kind)
    width, step = (shape[1], shape[0]) if turned else (size, 1)
    got = np.zeros(size, kind)
    seeded.run(got, size, 0, width, step, signed(seed), float(scale))
    np.testing.assert_array_equal(got.reshape(shape), want)
    a = {"n": size, "first": 0}
    assert seeded.tiling is not None
    for begin in range(0, size, 8):
        end = min(begin + 8, size)
        piece = seeded.tiling.piece(a, {"n": Span(begin, end)})
        part = np.zeros(end - begin, kind)
        changed = piece.changed
        seeded.run(part, changed["n"], changed["first"], width, step, signed(seed), float(scale))
        block = piece.blocks["y"]
        np.testing.assert_array_equal(part, want.ravel()[block.offset :][: block.row])
    settings = {
        "shape": list(shape), "width": width, "step": step, "seed": seed, "scale": float(scale),
        "to": int(ir.DataType.from_numpy(np.dtype(kind))),
    }  # fmt: skip
    node = ir.node("Seeded", [], settings, domain="ai.odl")
    node.outputs[0].name = "made"
    (body,) = evaluate(Node(node), [])
    assert body.dtype == kind
    np.testing.assert_array_equal(body, want)
