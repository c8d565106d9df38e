"""A broken Program is caught before any C exists: by its rules, or by the poisoned interpreter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir
import pytest
from onnx import parser

from odl.compile import Options, compile_graph
from odl.plan.interpret import interpret
from odl.program import Program
from odl.program_rules import verify

NET = """<ir_version: 8, opset_import: ["" : 17]>
g (float[4,4] x) => (float[4,4] y)
{ a = Relu (x) b = MatMul (a, a) c = MatMul (b, a) y = Sub (c, b) }"""


@pytest.fixture
def program() -> Program:
    model = ir.serde.deserialize_model(parser.parse_model(NET))
    return compile_graph(model, "g", Options()).program


def broken(program: Program, buffer: str, **changes: int) -> Program:
    buffers = [replace(b, **changes) if b.name == buffer else b for b in program.buffers]
    return replace(program, buffers=tuple(buffers))


def complaint(program: Program) -> str:
    with pytest.raises(AssertionError) as error:
        verify(program)
    return str(error.value)


def test_a_sound_program_passes(program: Program) -> None:
    verify(program)


def test_overlap(program: Program) -> None:
    offset = program.buffer["x"].offset
    assert complaint(broken(program, "b", offset=offset)).endswith("overlap while both live")


def test_misalignment(program: Program) -> None:
    assert complaint(broken(program, "b", offset=2)) == "buffer b stands unaligned at 2"


def test_life_that_ends_before_it_begins(program: Program) -> None:
    said = complaint(broken(program, "b", first=3, last=1))
    assert said == "buffer b dies at 1 before its birth at 3"


def test_use_outside_of_life(program: Program) -> None:
    last = program.buffer["b"].last
    assert complaint(broken(program, "b", last=last - 2)).startswith("step ")


def test_tensor_larger_than_its_buffer(program: Program) -> None:
    assert complaint(broken(program, "b", size=32)) == "b is larger than its buffer"


def test_two_owners_at_a_time(program: Program) -> None:
    tensors = tuple(
        replace(t, buffer=program.tensor["b"].buffer) if t.name == "c" else t
        for t in program.tensors
    )
    said = complaint(replace(program, tensors=tensors))
    assert said == "c takes over the memory of b while that is in use"


def test_writing_a_constant(program: Program) -> None:
    tensors = tuple(
        replace(t, buffer="", data=np.zeros((4, 4), np.float32)) if t.name == "b" else t
        for t in program.tensors
    )
    assert complaint(replace(program, tensors=tensors)) == "step 1 writes the constant %b"


def test_overwriting_what_is_being_read(program: Program) -> None:
    call = program.calls[1]
    calls = (program.calls[0], replace(call, args={**call.args, "y": call.args["a"]}))
    said = complaint(replace(program, calls=(*calls, *program.calls[2:])))
    assert "step 1 overwrites" in said or "while that is in use" in said


def test_the_interpreter_shows_what_a_bad_plan_does(program: Program) -> None:
    x = {"x": np.eye(4, dtype=np.float32) * 2}
    good = interpret(program, x)
    np.testing.assert_array_equal(good["y"], 8 * np.eye(4) - 4 * np.eye(4))
    early = interpret(broken(program, "b", last=program.buffer["b"].last - 2), x)
    assert np.isnan(early["y"]).any(), "a dead tensor is poison"
    mixed = interpret(broken(program, "b", offset=program.buffer["x"].offset), x)
    assert not np.array_equal(mixed["y"], good["y"])


def test_the_text_has_a_line_for_each_part(program: Program) -> None:
    lines = str(program).splitlines()
    assert lines[0] == "program g for host, 1 cores"
    assert lines[1] == f"  arena ram: {program.arena_bytes} bytes"
    assert len(lines) == 2 + len(program.tensors) + len(program.calls)
