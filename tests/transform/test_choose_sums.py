"""choose_sums: whose halves are added up in single precision, and which bodies that takes."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from odl.compile import Options, compile_graph
from odl.errors import UsageError
from odl.ops.node import Node
from odl.transform.choose_sums import choose_sums
from tests.models import graph

NET = """
g (float16[4,5] x, float16[5,3] w) => (float16[4] z) <int64[1] axes = {1}>
{ [first] y = MatMul (x, w)  [last] z = ReduceSum <keepdims = 0> (y, axes) }
"""


def marked(sums: str) -> list[str]:
    net = choose_sums(graph(NET), sums)
    return [str(node.name) for node in net.graph if Node(node).sums_in_single]


def test_of_all_nodes_of_some_or_of_none() -> None:
    assert marked("fp16") == []
    assert marked("fp32") == ["first", "last"]
    assert marked("fp32:f*") == ["first"]
    assert marked("fp32:la?t,first") == ["first", "last"]


@pytest.mark.parametrize(
    ("sums", "message"),
    [
        ("fp64", "--sums fp64; fp16, fp32 or fp32:PATTERN,..."),
        ("fp16:first", "--sums fp16:first; fp16, fp32 or fp32:PATTERN,..."),
        ("fp32:", "--sums fp32:; fp16, fp32 or fp32:PATTERN,..."),
        (
            "fp32:first,nobody",
            "--sums fp32:first,nobody: no node is called nobody; "
            "'odl profile' lists the nodes of a build folder",
        ),
    ],
)
def test_refusals(sums: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose_sums(graph(NET), sums)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("sums", "functions"),
    [
        ("fp16", ["odl_matmul_f16_xpulp", "odl_reduce_sum_f16_xpulp"]),
        ("fp32:first", ["odl_matmul_f16_xpulp_single", "odl_reduce_sum_f16_xpulp"]),
        ("fp32", ["odl_matmul_f16_xpulp_single", "odl_reduce_sum_f16"]),
    ],
)
def test_bodies_whose_sums_are_so(sums: str, functions: list[str]) -> None:
    """The portable ones add up in single precision."""
    net = graph(NET)
    program = compile_graph(net, "g", Options("gap9", sums=sums)).program
    assert [call.function for call in program.calls] == functions
    assert isinstance(net, ir.Model)
