"""Lives are exact, and a result takes over an operand's memory only when it may."""

from __future__ import annotations

import onnx_ir as ir
from onnx import parser

from odl.compile import Options, compile_graph
from odl.plan.liveness import Storage, lower_bound
from odl.program import Program


def plan(body: str, ports: str = "(float[2,8] x) => (float[2,8] y)") -> Program:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g {ports} {{ {body} }}'
    model = ir.serde.deserialize_model(parser.parse_model(text))
    return compile_graph(model, "g", Options()).program


def home(program: Program, name: str) -> str:
    return program.tensor[name].buffer


def test_a_chain_of_elementwise_operators_needs_one_buffer() -> None:
    program = plan("a = Relu (x) b = Sigmoid (a) y = Tanh (b)")
    assert len(program.buffers) == 1
    assert program.arena_bytes == 64


def test_an_operand_that_is_needed_later_is_kept() -> None:
    program = plan("a = Relu (x) b = Sigmoid (a) y = Add (a, b)")
    assert home(program, "a") != home(program, "b")
    assert program.arena_bytes == program.lower_bound == 128


def test_a_sum_takes_over_one_operand_only() -> None:
    """Both inputs are there from the start: they must not be put into one place."""
    program = plan("y = Add (x, z)", "(float[2,8] x, float[2,8] z) => (float[2,8] y)")
    assert home(program, "x") != home(program, "z")
    assert home(program, "y") in {home(program, "x"), home(program, "z")}


def test_an_output_is_not_taken_over() -> None:
    program = plan("a = Relu (x) y = Tanh (a)", "(float[8] x) => (float[8] a, float[8] y)")
    assert home(program, "a") != home(program, "y")


def test_a_broadcast_operand_is_not_taken_over() -> None:
    program = plan("y = Add (x, z)", "(float[2,8] x, float[8] z) => (float[2,8] y)")
    assert home(program, "y") == home(program, "x")


def test_a_view_shares_its_source_and_its_life() -> None:
    program = plan(
        "a = Relu (x) f = Flatten <axis = 0> (a) b = Tanh (f) y = Sigmoid (a)",
        "(float[2,8] x) => (float[2,8] y, float[1,16] b)",
    )
    assert home(program, "f") == home(program, "a")
    assert program.tensor["f"].view_of == "a"
    assert home(program, "b") != home(program, "a"), "a is still needed"


def test_a_matrix_product_is_not_done_in_place() -> None:
    program = plan("y = MatMul (x, x)", "(float[4,4] x) => (float[4,4] y)")
    assert home(program, "x") != home(program, "y")


def test_the_bound_is_the_largest_sum_of_live_bytes() -> None:
    made = [Storage(10, 0, 1, ["a"]), Storage(20, 1, 2, ["b"]), Storage(5, 2, 3, ["c"])]
    assert lower_bound(made) == (30, 1)
    assert lower_bound([]) == (0, 0)
