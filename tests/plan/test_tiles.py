"""Calls cut into the smallest pieces that there are compute what the whole calls compute."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir
import pytest
from onnx import version_converter

from odl.compile import Options, compile_graph
from odl.dtype import F32
from odl.ops.conv_grad import conv2d_grad_weight
from odl.ops.planes_tilings import derived
from odl.plan.tiles import Operand, cuts
from odl.program import Call, Program, Ref, Tensor
from odl.tiling import Block, Piece, Span
from tests.conformance.random_models import RandomModel, random_models
from tests.conformance.test_cluster_convolutions import compiled
from tests.conformance.test_cluster_layouts import usual

Array = npt.NDArray[Any]


def programs(
    target: str = "host", is_wanted: Callable[[onnx.ModelProto], bool] = lambda m: True
) -> list[Program]:
    """One for each random model."""

    def made(case: RandomModel) -> Program:
        model = ir.serde.deserialize_model(version_converter.convert_version(case.model, 28))
        return compile_graph(model, case.name, Options(target)).program

    return [made(case) for case in random_models() if is_wanted(case.model)]


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
    others = compiled(usual("f32"), "layouts", "host").program
    calls = [(p, c) for p in [*programs(), others] for c in p.calls]
    return [(p, c) for p, c in calls if c.kernel.tiling and c.kernel.tiling.axes(c.args)]


def test_pieces_make_the_whole(cuttable: list[tuple[Program, Call]]) -> None:
    pieces = sum(check(program, call) for program, call in cuttable)
    assert pieces > 4 * len(cuttable)


def test_what_is_cut(cuttable: list[tuple[Program, Call]]) -> None:
    met = {call.kernel.name for _, call in cuttable}
    assert met >= {"conv2d_hwc_depthwise", "conv2d_hwc_depthwise_grad_weight"}
    assert met >= {"conv2d", "conv2d_depthwise", "matmul", "relu", "add", "copy", "reduce_sum"}


def test_pieces_of_planes_derive_their_arguments_anew() -> None:
    """Of all groupings and directions, which weights of a transposed convolution have, too."""
    seen = 0
    for program in programs("gap9", lambda m: any("Conv" in n.op_type for n in m.graph.node)):
        for call in program.calls:
            if call.kernel.name.startswith("conv2d_planes") and "w_stride" in call.args:
                for piece in smallest(call):
                    args = {**call.args, **piece.changed}
                    assert {k: args[k] for k in derived(args)} == derived(args), call
                    seen += 1
    assert seen > 50


@pytest.mark.parametrize(("budget", "channels"), [(30_000, {8}), (20_000, {4})])
def test_a_finer_cut_where_no_other_fits(budget: int, channels: set[int]) -> None:
    """Of the gradient of a 3x3 convolution of 4 to 32 channels of 16 x 16."""
    shapes = {"x": (4, 16, 16), "dy": (32, 16, 16), "dw": (32, 4, 3, 3)}
    sizes = [1, 1, 4, (16, 16), 32, (16, 16), (3, 3), (1, 1), (1, 1), (1, 1)]
    args = dict(zip(conv2d_grad_weight.fields, [*map(Ref, shapes), *sizes], strict=True))
    call = Call(conv2d_grad_weight, "f32", args)
    moved = [
        Operand(n, Tensor(n, F32, s, "inner"), 0, reads=n != "dw", writes=n == "dw")
        for n, s in shapes.items()
    ]
    best = cuts(call, moved, budget, set())[0]
    assert {piece.changed["out_c"] for piece in best.pieces} == channels
