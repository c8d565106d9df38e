"""Matrix products on PULP cores: within their bounds, the same for every team."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import NodeProto, helper

from tests.conformance.test_cluster_convolutions import TYPES, Model, check, compiled

SHAPES = (
    *((9, 65, 63), (8, 72, 64), (1, 70, 1), (5, 200, 13), (4, 3, 9), (3, 1, 70), (64, 2, 5)),
    *((23, 5, 8), (22, 66, 4), (9, 3, 7), (14, 200, 6), (19, 7, 3)),  # strips that run down
)


def model(kind: str, shapes: Iterable[tuple[int, ...]]) -> Model:
    """a b, a b^T and a^T b + c by turns, with a, b and c of such shapes."""
    number, numpy = TYPES[kind]
    rng = np.random.default_rng(9)
    nodes, inputs, outputs = list[NodeProto](), dict[str, npt.NDArray[Any]](), []
    for i, (m, k, n) in enumerate(shapes):
        turn_a, turn_b = i % 3 == 2, i % 3 == 1
        inputs[f"a{i}"] = rng.standard_normal((k, m) if turn_a else (m, k)).astype(numpy)
        inputs[f"b{i}"] = rng.standard_normal((n, k) if turn_b else (k, n)).astype(numpy)
        operands = [f"a{i}", f"b{i}"]
        if turn_a:
            inputs[f"c{i}"] = rng.standard_normal((1, n)).astype(numpy)
            operands.append(f"c{i}")
        nodes.append(
            helper.make_node("Gemm", operands, [f"y{i}"], transA=int(turn_a), transB=int(turn_b))
        )
        outputs.append(helper.make_tensor_value_info(f"y{i}", number, (m, n)))
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info(n, number, v.shape) for n, v in inputs.items()],
        outputs,
    )
    opsets = [helper.make_opsetid("", 17)]
    return Model(helper.make_model(graph, opset_imports=opsets, ir_version=9), inputs)


@pytest.mark.parametrize("kind", list(TYPES))
def test_every_team_computes_the_same_within_the_bounds(kind: str, tmp_path: Path) -> None:
    made = model(kind, SHAPES)
    check(made, compiled(made, f"products_{kind}", "gap9"), tmp_path / "program", 8, 1, 2, 3, 5)


def test_sums_of_halves_in_single_precision(tmp_path: Path) -> None:
    """Their bound is that of single precision, which sums in half precision would pass by far."""
    made = model("f16", SHAPES)
    program = compiled(made, "singles", "gap9", "fp32")
    assert {c.function for c in program.program.calls} == {"odl_matmul_f16_xpulp_single"}
    check(made, program, tmp_path / "program", 8, 3, 1)


@pytest.mark.parametrize("kind", list(TYPES))
def test_blocks_of_all_sizes(kind: str, tmp_path: Path) -> None:
    """Up to 4 rows by 4 registers, of one column or of two, and of a single step."""
    sizes = itertools.product(range(1, 5), (1, 9), (1, 2, 3, 4, 6, 8))
    made = model(kind, [shape for shape in sizes for _ in range(3)])
    check(made, compiled(made, f"blocks_{kind}", "gap9"), tmp_path / "program", 1)
