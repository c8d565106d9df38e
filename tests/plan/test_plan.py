"""What does not fit is refused with the bytes that are missing, and the hash covers the program."""

from __future__ import annotations

from dataclasses import replace

import onnx_ir as ir
import pytest
from onnx import parser

from odl.compile import Compiled, Options, compile_graph
from odl.errors import DoesNotFit
from odl.plan.plan import check_fit
from odl.target import Memory

NET = """<ir_version: 8, opset_import: ["" : 17]>
g (float[1,50] x) => (float[1,50] y) <float[50] b = {BIAS}>
{ h = Relu (x) t = Tanh (x) s = Sub (h, t) y = Add (s, b) }"""


def net(bias: float = 1) -> Compiled:
    text = NET.replace("BIAS", ", ".join([str(bias)] * 50))
    return compile_graph(ir.serde.deserialize_model(parser.parse_model(text)), "g", Options())


def test_ram() -> None:
    compiled = net()
    small = replace(compiled.target, memories=(Memory("l1", 300),))
    program = replace(
        compiled.program, buffers=tuple(replace(b, memory="l1") for b in compiled.program.buffers)
    )
    with pytest.raises(DoesNotFit) as error:
        check_fit(program, small)
    worst = program.peak[1][0]
    assert str(error.value) == (
        f"tensor '{worst.name}' ({worst.size} bytes): the tensors need {program.arena_bytes} bytes "
        f"of l1, {program.arena_bytes - 300} more than host has; "
        "a smaller input or batch, or a target with more memory"
    )
    assert error.value.exit_code == 4


def test_flash() -> None:
    compiled = net()
    with pytest.raises(DoesNotFit) as error:
        check_fit(compiled.program, replace(compiled.target, flash=150))
    assert str(error.value) == (
        "tensor 'b' (200 bytes): the constants need 50 bytes more flash than host has; "
        "a smaller or quantised model"
    )


def test_the_hash_tells_programs_apart() -> None:
    assert net().program.model_hash == net().program.model_hash
    assert net().program.model_hash != net(bias=2).program.model_hash


def test_the_peak_names_who_makes_it() -> None:
    program = net().program
    step, buffers = program.peak
    assert sum(b.size for b in buffers) == program.lower_bound
    assert all(b.first <= step <= b.last for b in buffers)
