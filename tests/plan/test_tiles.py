"""Calls cut into the smallest pieces that there are compute what the whole calls compute."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
import pytest
from onnx import version_converter

from odl.compile import Options, compile_graph
from odl.program import Call, Program
from odl.tiling import Block, Piece, Span
from tests.conformance.random_models import RandomModel, random_models

Array = npt.NDArray[Any]


def programs() -> list[Program]:
    """One for each random model."""

    def compiled(case: RandomModel) -> Program:
        model = ir.serde.deserialize_model(version_converter.convert_version(case.model, 28))
        return compile_graph(model, case.name, Options("host")).program

    return [compiled(case) for case in random_models()]


def smallest(call: Call) -> list[Piece]:
    """Every axis cut into single units; odd ones, which the planner itself would avoid."""
    assert call.kernel.tiling is not None
    axes = call.kernel.tiling.axes(call.args)
    spans = [[(a.name, Span(i, i + 1)) for i in range(a.size)] for a in axes]
    if np.prod([len(s) for s in spans]) > 60:
        spans = [[s[0], s[len(s) // 2], s[-1]] if len(s) > 6 else s for s in spans]
    return [call.kernel.tiling.piece(call.args, dict(c)) for c in itertools.product(*spans)]


def index_of(block: Block) -> npt.NDArray[np.int64]:
    """The elements that a tile of the block holds."""
    rows = block.offset + np.arange(block.rows) * block.stride
    return (rows[:, None] + np.arange(block.row)).ravel()


def operands(program: Program, call: Call) -> dict[str, Array]:
    """Values for all that the call touches, as it sees them."""
    rng = np.random.default_rng(5)
    found = {}
    for name in call.kernel.reads + call.kernel.writes:
        if (ref := call.args[name]) is None:
            continue
        tensor = program.tensor[ref.tensor]
        values = np.asarray(
            tensor.data if tensor.data is not None else rng.integers(0, 2, tensor.elements)
        )
        found[name] = values.astype(tensor.dtype.numpy).ravel()[ref.offset // tensor.dtype.size :]
    return found


def check(program: Program, call: Call) -> int:
    """Run the call whole and in pieces; the number of pieces."""
    given = operands(program, call)
    rest = {k: v for k, v in call.args.items() if k not in given}
    whole = {k: v.copy() for k, v in given.items()}
    pieces = smallest(call)
    tiled = {k: v.copy() for k, v in given.items()}
    covered = {name: np.zeros(v.size, bool) for name, v in given.items()}
    with np.errstate(all="ignore"):
        call.kernel.run(**whole, **rest)
        for piece in pieces:
            blocks = {k: piece.blocks.get(k, Block(0, v.size)) for k, v in given.items()}
            tiles = {k: given[k][index_of(b)] for k, b in blocks.items()}
            call.kernel.run(**tiles, **{**rest, **piece.changed})
            for name in call.kernel.writes:
                if name in blocks:
                    tiled[name][index_of(blocks[name])] = tiles[name]
                    covered[name][index_of(blocks[name])] = True
    for name in call.kernel.writes:
        if name in given:
            got, want = tiled[name][covered[name]], whole[name][covered[name]]
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6, err_msg=str(call))
    return len(pieces)


@pytest.fixture(scope="module")
def cuttable() -> list[tuple[Program, Call]]:
    calls = [(p, c) for p in programs() for c in p.calls]
    return [(p, c) for p, c in calls if c.kernel.tiling and c.kernel.tiling.axes(c.args)]


def test_pieces_make_the_whole(cuttable: list[tuple[Program, Call]]) -> None:
    pieces = sum(check(program, call) for program, call in cuttable)
    assert pieces > 4 * len(cuttable)


def test_what_is_cut(cuttable: list[tuple[Program, Call]]) -> None:
    met = {call.kernel.name for _, call in cuttable}
    assert met >= {"conv2d", "conv2d_depthwise", "matmul", "relu", "add", "copy", "reduce_sum"}
