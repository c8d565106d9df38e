"""CrossEntropy, MaskedMean and their gradients: bodies, kernels, teams, pieces, and refusals."""

from __future__ import annotations

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
from odl.ops.cross_entropy import cross_entropy, cross_entropy_grad, masked_mean, masked_mean_grad
from odl.ops.node import Node
from odl.ops.reference import evaluator, functions
from odl.program import Kernel
from odl.tiling import Span
from tests.conformance.test_cluster_convolutions import Model, check, compiled, results
from tests.models import runtime

Array = npt.NDArray[Any]

OPERATORS = ("CrossEntropy", "CrossEntropyGrad", "MaskedMean", "MaskedMeanGrad")
SHAPES = ((1, 7), (1, 1), (3, 5), (9, 2), (1, 3, 11), (2, 12, 3), (2, 4, 3, 5))
SMOOTHINGS = (0.0, 0.1)
Ints = tuple[int, ...]


def formula(z: Array, label: Array, s: float) -> tuple[Array, Array]:
    """The losses in double precision, and the gradient of their sum."""
    n = z.shape[1]
    hot = np.moveaxis(np.arange(n) == label[..., None], -1, 1)
    t = hot * (1 - s) + s / n
    away = z.astype(np.float64) - z.max(axis=1, keepdims=True)
    log_p = away - np.log(np.exp(away).sum(axis=1, keepdims=True))
    known = label >= 0
    total = np.where(label < n, 1, s)[:, None]  # less for a class that is not there
    slope = np.exp(log_p) * total - t
    return np.where(known, -(t * log_p).sum(axis=1), 0), np.where(known[:, None], slope, 0)


def labels(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Of logits of this shape: mostly classes, some masked, some that are not there."""
    return rng.integers(-2, shape[1] + 1, (shape[0], *shape[2:])).astype(np.int32)


def graph(nodes: list[onnx.NodeProto], outputs: dict[str, Ints], inputs: dict[str, Array]) -> Model:
    kinds = {"i": TensorProto.INT32, "f": TensorProto.FLOAT}
    given = [
        helper.make_tensor_value_info(n, kinds[v.dtype.kind], v.shape) for n, v in inputs.items()
    ]
    made = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.odl", 1)]
    proto = helper.make_graph(nodes, "losses", given, made)
    return Model(helper.make_model(proto, opset_imports=opsets, ir_version=9), inputs)


def node(op: str, i: int, *inputs: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs, [f"{op}{i}"], domain="ai.odl", **attributes)


def model(scale: float = 3.0) -> Model:
    """Every operator at every shape, smoothed and not."""
    rng = np.random.default_rng(6)
    nodes, inputs, outputs = list[onnx.NodeProto](), dict[str, Array](), dict[str, Ints]()
    for i, (shape, s) in enumerate((shape, s) for shape in SHAPES for s in SMOOTHINGS):
        label = labels(rng, shape)
        z, t, dy, total = names = [f"{name}{i}" for name in ("z", "label", "dy", "total")]
        values = (
            rng.normal(0, scale, shape), label, rng.normal(size=label.shape), rng.normal(size=())
        )  # fmt: skip
        for name, value in zip(names, values, strict=True):
            inputs[name] = value if value is label else np.asarray(value, np.float32)
        nodes += [
            node("CrossEntropy", i, z, t, smoothing=s),
            node("CrossEntropyGrad", i, dy, z, t, smoothing=s),
            node("MaskedMean", i, dy, t),
            node("MaskedMeanGrad", i, total, t),
        ]
        for op, out in zip(OPERATORS, (label.shape, shape, (), label.shape), strict=True):
            outputs[f"{op}{i}"] = out
    return graph(nodes, outputs, inputs)


def test_bodies_are_the_formulas() -> None:
    made = model()
    made.proto.functions.extend(functions({f"ai.odl.{op}" for op in OPERATORS}))
    want = []
    for i, s in enumerate(SMOOTHINGS * len(SHAPES)):
        z, label, dy, total = (made.inputs[f"{n}{i}"] for n in ("z", "label", "dy", "total"))
        each, slope = formula(z, label, s)
        known = label >= 0
        count = max(1, known.sum())
        mean = np.where(known, dy, 0).sum() / count
        want += [each, slope * dy[:, None], mean, np.where(known, total / count, 0)]
    for got in (evaluator(made.proto).run(None, made.inputs), runtime(made.proto, made.inputs)):
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [3.0, 1000.0])
@pytest.mark.parametrize("target", ["gap9", "host"])
def test_every_team_is_within_the_bounds(target: str, scale: float, tmp_path: Path) -> None:
    made = model(scale)
    program = compiled(made, "losses", target)
    called = {c.function for c in program.program.calls}
    isa = {"gap9": "_xpulp", "host": ""}[target]
    losses = {f"odl_cross_entropy{stem}_f32{isa}" for stem in ("", "_grad")}
    assert called == losses | {f"odl_masked_mean{stem}_f32" for stem in ("", "_grad")}
    check(made, program, tmp_path / "program", *((8, 1, 3) if target == "gap9" else (1,)))


@pytest.mark.parametrize("target", ["gap9", "host"])
def test_logits_that_are_no_numbers_are_seen_in_the_loss(target: str, tmp_path: Path) -> None:
    """Whichever class they are of; a masked row counts for nothing, whatever it holds."""
    bad = [(value, place) for value in (np.nan, np.inf, -np.inf) for place in range(3)]
    z = np.random.default_rng(1).normal(size=(2 * len(bad), 3)).astype(np.float32)
    for row, (value, place) in enumerate(bad):
        z[2 * row : 2 * row + 2, place] = value
    label = np.tile(np.array([1, -1], np.int32), len(bad))
    inputs = {"z": z, "label": label, "dy": np.ones_like(label, np.float32)}
    nodes = [
        made
        for i, s in enumerate(SMOOTHINGS)
        for made in (
            node("CrossEntropy", i, "z", "label", smoothing=s),
            node("CrossEntropyGrad", i, "dy", "z", "label", smoothing=s),
        )
    ]
    outputs = {n.output[0]: z.shape if "Grad" in n.op_type else label.shape for n in nodes}
    made = graph(nodes, outputs, inputs)
    program = compiled(made, "bad", target)
    for result in results(made, program, tmp_path / "program", 0):
        assert result.ok
        for name, (got,) in result.outputs.items():
            known = np.isfinite(got).reshape(len(label), -1).all(axis=1)
            assert known[1::2].all()
            assert not got[1::2].any()
            if name.startswith("CrossEntropyGrad"):
                assert not known[:12:2].any()
            else:
                assert not known[::2].any()


@pytest.mark.parametrize("cut", [1, 2])
def test_pieces_are_units_of_the_first_axis(cut: int) -> None:
    rng, (outer, n, inner) = np.random.default_rng(3), (5, 4, 3)
    z, dy = rng.normal(size=outer * n * inner), rng.normal(size=outer * inner)
    label = labels(rng, (outer, n, inner)).ravel()
    sizes = {"outer": outer, "n": n, "inner": inner, "on": 0.9, "off": 0.025}
    calls: list[tuple[Kernel, dict[str, Any], str]] = [
        (cross_entropy, {"z": z, "label": label, "each": np.zeros(15)}, "each"),
        (cross_entropy_grad, {"dy": dy, "z": z, "label": label, "dz": np.zeros(60)}, "dz"),
    ]
    for kernel, operands, out in calls:
        args = {**operands, **sizes}
        whole = {**args, out: np.zeros_like(args[out])}
        kernel.run(**whole)
        assert kernel.tiling is not None
        for begin in range(0, outer, cut):
            piece = kernel.tiling.piece(args, {"outer": Span(begin, min(begin + cut, outer))})
            parts = {k: args[k][b.offset : b.offset + b.row] for k, b in piece.blocks.items()}
            kernel.run(**{**args, **parts, **piece.changed})
        np.testing.assert_array_equal(args[out], whole[out])


def test_the_mean_of_nothing_is_zero() -> None:
    label, y, dx = np.full(4, -1, np.int32), np.ones(1, np.float32), np.ones(4, np.float32)
    each = np.full(4, np.nan, np.float32)
    masked_mean.run(each, label, y, 4)
    masked_mean_grad.run(np.ones(1, np.float32), label, dx, 4)
    assert y[0] == 0
    assert not dx.any()


def refusal(op: str, *inputs: tuple[ir.DataType, list[int]]) -> str:
    values = [
        ir.Value(name=f"x{i}", shape=ir.Shape(shape), type=ir.TensorType(kind))
        for i, (kind, shape) in enumerate(inputs)
    ]
    node = Node(ir.node(op, values, domain="ai.odl", name="k"))
    with pytest.raises(Unsupported) as error:
        lookup(node).check(node)
    return str(error.value)


def test_operands_that_do_not_belong_together_are_refused() -> None:
    f, i, wide = ir.DataType.FLOAT, ir.DataType.INT32, ir.DataType.INT64
    assert "its labels are not i32 [2, 4]" in refusal("CrossEntropy", (f, [2, 3, 4]), (i, [2, 3]))
    assert "its labels are not i32 [2]" in refusal("CrossEntropy", (f, [2, 3]), (wide, [2]))
    assert "[3] has no axis of classes" in refusal("CrossEntropy", (f, [3]), (i, []))
    assert "[2] is not the shape of its labels" in refusal(
        "CrossEntropyGrad", (f, [2]), (f, [3, 2]), (i, [3])
    )
    assert "its labels are not i32 [3]" in refusal("MaskedMean", (f, [3]), (i, [4]))
    assert "is [1], not a scalar" in refusal("MaskedMeanGrad", (f, [1]), (i, [4]))
