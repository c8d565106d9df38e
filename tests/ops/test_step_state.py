"""Counters and the loss scale of a training step: bodies, kernels and teams, all exact."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from odl.errors import Unsupported
from odl.ops import lookup
from odl.ops.node import Node
from odl.ops.reference import evaluator, functions
from odl.ops.step_state import count_steps, follow_scale
from tests.conformance.test_cluster_convolutions import Model, check, compiled
from tests.models import runtime

GROWTH, LARGEST = 3, 2.0**15
COUNTERS = list(product([0, 7], [0, 2], [0, 5], [False, True], [False, True]))
SCALES = list(product([1.0, 2.0, 1024.0, LARGEST / 2, LARGEST], [0, 1, 2, 9], [False, True]))
TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.int32): TensorProto.INT32,
    np.dtype(bool): TensorProto.BOOL,
}


def model() -> Model:
    """A node of each kind for each case."""
    inputs, nodes, outputs = dict[str, npt.NDArray[Any]](), [], []
    for i, case in enumerate(COUNTERS):
        names = [f"c{i}_{k}" for k in range(5)]
        made = [f"c{i}_next{k}" for k in range(3)]
        kinds = (np.int32, np.int32, np.int32, bool, bool)
        inputs |= {n: np.array(v, t) for n, v, t in zip(names, case, kinds, strict=True)}
        nodes.append(helper.make_node("CountSteps", names, made, domain="ai.odl"))
        outputs += [helper.make_tensor_value_info(n, TensorProto.INT32, []) for n in made]
    for i, scaled in enumerate(SCALES):
        names, made = [f"s{i}_{k}" for k in range(3)], [f"s{i}_scale", f"s{i}_steady"]
        for name, v, t in zip(names, scaled, (np.float32, np.int32, bool), strict=True):
            inputs[name] = np.array(v, t)
        nodes.append(
            helper.make_node(
                "FollowScale", names, made, domain="ai.odl", growth=GROWTH, largest=LARGEST
            )
        )
        for name, kind in zip(made, (TensorProto.FLOAT, TensorProto.INT32), strict=True):
            outputs.append(helper.make_tensor_value_info(name, kind, []))
    given = [helper.make_tensor_value_info(n, TYPES[v.dtype], []) for n, v in inputs.items()]
    graph = helper.make_graph(nodes, "step", given, outputs)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.odl", 1)]
    return Model(helper.make_model(graph, opset_imports=opsets, ir_version=9), inputs)


def wanted() -> list[npt.NDArray[Any]]:
    """What the rules in words come to."""
    found: list[float] = []
    for updates, skipped, in_row, sound, gate in COUNTERS:
        found += [updates + gate, skipped + (not sound), 0 if sound else in_row + 1]
    for scale, steady, sound in SCALES:
        if not sound:
            found += [max(1.0, scale / 2), 0]
        elif steady + 1 >= GROWTH:
            found += [min(LARGEST, 2 * scale), 0]
        else:
            found += [scale, steady + 1]
    return [np.array(v) for v in found]


def test_bodies_and_kernels_say_the_same() -> None:
    made, want = model(), wanted()
    made.proto.functions.extend(functions({"ai.odl.CountSteps", "ai.odl.FollowScale"}))
    for got in (evaluator(made.proto).run(None, made.inputs), runtime(made.proto, made.inputs)):
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)
    said = []
    for case in COUNTERS:
        out = np.zeros((3, 1), np.int32)
        count_steps.run(*(np.array([v]) for v in case), *out)
        said += [*out[:, 0]]
    for scale, steady, sound in SCALES:
        y, n = np.zeros(1, np.float32), np.zeros(1, np.int32)
        old = np.array([scale], np.float32), np.array([steady], np.int32), np.array([sound])
        follow_scale.run(*old, y, n, GROWTH, LARGEST)
        said += [y[0], n[0]]
    np.testing.assert_array_equal(said, np.array(want))


@pytest.mark.parametrize("target", ["gap9", "host"])
def test_the_device_says_it_too(target: str, tmp_path: Path) -> None:
    made = model()
    program = compiled(made, "step_state", target)
    check(made, program, tmp_path / "program", *((8, 1, 3) if target == "gap9" else (1,)))


def test_what_is_no_scalar_is_refused() -> None:
    kinds = (ir.DataType.FLOAT, ir.DataType.INT32, ir.DataType.BOOL)
    values = [
        ir.Value(name=f"v{i}", shape=ir.Shape([1] if i == 1 else []), type=ir.TensorType(kind))
        for i, kind in enumerate(kinds)
    ]
    node = ir.node("FollowScale", values, domain="ai.odl", num_outputs=2, name="n")
    with pytest.raises(Unsupported, match=r"node 'n': operand 1 is i32 \[1\], not i32"):
        lookup(Node(node)).check(Node(node))
