"""Bits of positive elements, and what they keep: bodies, kernels, teams, pieces, all exact."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from odl.errors import Unsupported
from odl.ops import lookup
from odl.ops.node import Node
from odl.ops.positive_bits import keep_by_bits, positive_bits
from odl.ops.reference import evaluator, functions
from odl.program import Kernel
from odl.tiling import Span
from tests.conformance.test_cluster_convolutions import TYPES, Model, check, compiled
from tests.models import runtime

SIZES = (*range(1, 20), 31, 32, 33, 64, 70, 129)
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 6e-8, -6e-8, 1.0, -1.0]


def values(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> npt.NDArray[Any]:
    n = int(np.prod(shape))
    special = rng.permutation(SPECIAL)[: n // 2]
    mixed = rng.permutation([*special, *rng.normal(size=n - len(special))])
    return mixed.reshape(shape).astype(TYPES[kind][1])


def model(kind: str, shapes: Sequence[tuple[int, ...]]) -> Model:
    """The bits of tensors, and others that they thin, in place or not."""
    rng, number = np.random.default_rng(4), TYPES[kind][0]
    info = partial(helper.make_tensor_value_info, elem_type=number)
    nodes, inputs, outputs, inner = list[onnx.NodeProto](), dict[str, npt.NDArray[Any]](), [], []
    for i, shape in enumerate(shapes):
        inputs[f"y{i}"], inputs[f"dy{i}"] = (values(rng, shape, kind) for _ in range(2))
        dy = f"dy{i}"
        if i % 2:
            dy = f"turned{i}"
            nodes.append(helper.make_node("Neg", [f"dy{i}"], [dy]))
            inner.append(info(dy, shape=shape))
        nodes += [
            helper.make_node("PositiveBits", [f"y{i}"], [f"bits{i}"], domain="ai.odl"),
            helper.make_node("KeepByBits", [dy, f"bits{i}"], [f"dx{i}"], domain="ai.odl"),
        ]
        count = -(-int(np.prod(shape)) // 8)
        outputs.append(helper.make_tensor_value_info(f"bits{i}", TensorProto.UINT8, [count]))
        outputs.append(info(f"dx{i}", shape=shape))
    given = [info(k, shape=v.shape) for k, v in inputs.items()]
    made = helper.make_graph(nodes, "bits", given, outputs, value_info=inner)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.odl", 1)]
    return Model(helper.make_model(made, opset_imports=opsets, ir_version=9), inputs)


def test_bodies_say_what_the_kernels_do() -> None:
    made = model("f32", [(1,), (8,), (2, 3), (1, 5, 3, 3), (16,)])
    made.proto.functions.extend(functions({"ai.odl.PositiveBits", "ai.odl.KeepByBits"}))
    want = []
    for i in range(5):
        y, dy = made.inputs[f"y{i}"], made.inputs[f"dy{i}"]
        dy = -dy if i % 2 else dy
        bits, dx = np.empty(-(-y.size // 8), np.uint8), np.empty(y.size, np.float32)
        positive_bits.run(y.ravel(), bits, y.size)
        keep_by_bits.run(dy.ravel(), bits, dx, y.size)
        np.testing.assert_array_equal(dx.reshape(y.shape), np.where(y > 0, dy, 0))
        want += [bits, dx.reshape(y.shape)]
    for got in (evaluator(made.proto).run(None, made.inputs), runtime(made.proto, made.inputs)):
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("target", ["gap9", "host"])
@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_gets_every_size_right(kind: str, target: str, tmp_path: Path) -> None:
    made = model(kind, [(n,) for n in SIZES])
    teams = (8, 1, 3) if target == "gap9" else (1,)
    program = compiled(made, f"bits_{kind}", target)
    assert len({c.function for c in program.program.calls if "bits" in c.function}) == 2
    check(made, program, tmp_path / "program", *teams)


@pytest.mark.parametrize("cut", [1, 2, 8])
def test_pieces_are_whole_bytes(cut: int) -> None:
    x, n = values(np.random.default_rng(2), (67,), "f32"), 67
    bits, y = np.zeros(9, np.uint8), np.zeros(n, np.float32)
    calls: list[tuple[Kernel, dict[str, Any]]] = [
        (positive_bits, {"x": x, "y": bits, "n": n}),
        (keep_by_bits, {"x": x, "bits": bits, "y": y, "n": n}),
    ]
    for begin in range(0, 9, cut):
        span = {"bytes": Span(begin, min(begin + cut, 9))}
        for kernel, args in calls:
            assert kernel.tiling is not None
            piece = kernel.tiling.piece(args, span)
            parts = {k: args[k][b.offset : b.offset + b.row] for k, b in piece.blocks.items()}
            kernel.run(**{**args, **parts, **piece.changed})
    np.testing.assert_array_equal(bits, np.packbits(x > 0, bitorder="little"))
    np.testing.assert_array_equal(y, np.where(x > 0, x, 0))


def test_bits_of_another_tensor_are_refused() -> None:
    x, bits = (
        ir.Value(name=n, shape=ir.Shape(s), type=ir.TensorType(t))
        for n, s, t in (("x", [17], ir.DataType.FLOAT), ("b", [2], ir.DataType.UINT8))
    )
    node = ir.node("KeepByBits", [x, bits], domain="ai.odl", name="k")
    node.outputs[0].shape = x.shape
    with pytest.raises(Unsupported, match=r"KeepByBits node 'k': its bits are not u8 \[3\]"):
        lookup(Node(node)).check(Node(node))
