"""Products with an addend, Relu or both behind their sums: within their bounds, on every team.

Addends are taken in place, or are not.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
import pytest
from onnx import NodeProto, ValueInfoProto, helper

from odl.compile import Compiled, Options, compile_graph
from tests.conformance.test_cluster_convolutions import (
    SHAPES,
    TYPES,
    Case,
    Model,
    check,
    random_case,
)

TARGETS = {"gap9": (3,), "spike-rvv": (3,), "host": (1,)}
ENDS = ("Add", "Relu", "AddRelu")
PRODUCTS = (
    ("MatMul", (9, 65, 63)),
    ("MatMul", (2, 5, 8, 12)),
    ("Gemm", (5, 130, 7)),
    ("Gemm", (16, 16, 40)),
    ("MatMul", (64, 4, 126)),
    ("Gemm", (3, 1, 2)),
)


class _Graph:
    """Nodes, and a fused end behind each product."""

    def __init__(self, kind: str, seed: int) -> None:
        self.number, self.numpy = TYPES[kind]
        self.rng, self.count = np.random.default_rng(seed), 0
        self.nodes, self.outputs = list[NodeProto](), list[ValueInfoProto]()
        self.inputs = dict[str, npt.NDArray[Any]]()

    def input(self, *shape: int) -> str:
        name = f"v{len(self.inputs)}"
        self.inputs[name] = self.rng.standard_normal(shape).astype(self.numpy)
        return name

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [f"n{len(self.nodes)}"], **attributes))
        return str(self.nodes[-1].output[0])

    def end(self, op: str, shape: tuple[int, ...], *inputs: str, **attributes: Any) -> None:
        """A product, and one of ENDS; every other addend may be overwritten."""
        ends, self.count = str(attributes.pop("ends", self.rng.choice(ENDS))), self.count + 1
        if "Add" in ends:
            other = self.input(*shape)
            other = self.node("Neg", other) if self.count % 2 else other
        x = self.node(op, *inputs, **attributes)
        if "Add" in ends:
            x = self.node("Add", *([x, other] if self.count % 4 else [other, x]))
        if "Relu" in ends:
            x = self.node("Relu", x)
        self.outputs.append(helper.make_tensor_value_info(x, self.number, shape))

    def model(self) -> Model:
        given = [
            helper.make_tensor_value_info(n, self.number, v.shape) for n, v in self.inputs.items()
        ]
        graph = helper.make_graph(self.nodes, "fused", given, self.outputs)
        opsets = [helper.make_opsetid("", 17)]
        return Model(helper.make_model(graph, opset_imports=opsets, ir_version=9), self.inputs)


def _convolutions(g: _Graph, case: Case) -> None:
    """The convolution, and that to its input."""
    into, out = case.channels
    same: dict[str, Any] = {
        "kernel_shape": case.size,
        "strides": case.stride,
        "dilations": case.dilation,
        "pads": (*case.begin, *case.end),
        "group": case.groups,
    }
    x, y = (case.batch, into, *case.image), (case.batch, out, *case.out)
    w = g.input(out, into // case.groups, *case.size)
    biased = [g.input(out)] if g.count % 5 else []
    g.end("Conv", y, g.input(*x), w, *biased, **same)
    biased = [g.input(into)] if g.count % 5 else []
    g.end("ConvTranspose", x, g.input(*y), w, *biased, output_padding=case.rest, **same)


@cache
def _model(kind: str) -> Model:
    g = _Graph(kind, 3)
    for case in (*SHAPES, *(random_case(g.rng) for _ in range(2))):
        _convolutions(g, case)
    for ends in ENDS:
        g.end("ConvTranspose", (1, 5, 7), g.input(1, 6, 7), g.input(6, 5, 1), ends=ends)
    for i in range(2):
        for at, (op, (*batch, m, k, n)) in enumerate(PRODUCTS):
            turned = op == "Gemm" and i == 0
            a, b = g.input(*batch, m, k), g.input(*((n, k) if turned else (k, n)))
            more = [g.input(1, n)] if op == "Gemm" and i == 1 else []
            attributes: dict[str, Any] = {"transB": int(turned)} if op == "Gemm" else {}
            g.end(op, (*batch, m, n), a, b, *more, ends=ENDS[(at + i) % 3], **attributes)
    return g.model()


def _compiled(made: Model, name: str, target: str) -> Compiled:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("odl.plan.arena._solve", lambda *_: None)  # it need not be optimal
        return compile_graph(ir.serde.deserialize_model(made.proto), name, Options(target))


def _operators(program: Compiled) -> set[str]:
    return {node.op_type for node in program.graph.graph.node}


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_computes_the_same_within_the_bounds(
    kind: str, target: str, tmp_path: Path
) -> None:
    program = _compiled(_model(kind), f"fused_{kind}", target)
    inner = ("Conv", "ConvTranspose", "Gemm", "MatMul")
    assert _operators(program) >= {f"{op}{end}" for op in inner for end in ENDS}
    assert any(call.args.get("addend") for call in program.program.calls)
    check(_model(kind), program, tmp_path / "program", *TARGETS[target])
