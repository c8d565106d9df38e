"""Programs over tiles compute what plain ones do, in NumPy and in C, however small the tiles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from odl import target as targets
from odl.compile import Compiled, Options, canonicalise, compile_graph
from odl.plan.interpret import interpret
from odl.plan.plan import plan
from odl.program import Program
from odl.target import Memory, Target
from odl.train.guard import SKIPPED_IN_ROW
from odl.train.options import TrainOptions
from odl.train.state import count_states
from tests.devices import host_programs
from tests.models import conv_net, samples

TRAIN = TrainOptions("full", optimizer="sgd:lr=0.1,momentum=0.9")


def machine(near: int) -> Target:
    """The host, with a fast memory in front."""
    host = targets.load("host")
    return replace(host, memories=(Memory("near", near), *host.memories))


def compiled(near: int, dtype: str = "fp32", train: TrainOptions | None = None) -> Compiled:
    """conv_net for such a machine; with near = 0 for the host as it is."""
    options = Options("host", dtype=dtype, train=train)
    model = ir.serde.deserialize_model(conv_net())
    if near == 0:
        return compile_graph(model, "plain", options)
    stages, _ = canonicalise(model, options)
    states = count_states(model.graph) if train else 0
    program = plan(model.graph, f"near{near}", machine(near), 3, states, SKIPPED_IN_ROW)
    return Compiled(f"near{near}", machine(near), stages, program)


def inputs(program: Program) -> dict[str, np.ndarray]:
    given = samples(conv_net())
    if program.training:
        label = program.tensor[program.training.label]
        given[label.name] = np.ones(label.shape, label.dtype.numpy)
    return given


@pytest.mark.parametrize("share", [0.8, 0.4, 0.2])
@pytest.mark.parametrize("train", [None, TRAIN], ids=["infer", "train"])
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_the_same_numbers(share: float, dtype: str, train: TrainOptions | None) -> None:
    plain = compiled(0, dtype, train).program
    near = int(share * plain.arena_bytes)
    tiled = compiled(near, dtype, train).program
    assert any(call.transfers for call in tiled.calls)
    assert tiled.arenas["near"] <= near
    want, got = interpret(plain, inputs(plain)), interpret(tiled, inputs(tiled))
    for name in want.keys() & got.keys():
        np.testing.assert_allclose(got[name], want[name], rtol=1e-6, atol=1e-7, err_msg=name)


def test_what_fits_whole_needs_no_transfers() -> None:
    program = compiled(1 << 20).program
    assert not any(call.transfers for call in program.calls)
    assert set(program.arenas) == {"near"}
    assert program.presets  # the weights, which are copied there once


def test_small_memories_make_more_pieces() -> None:
    steps = [len(compiled(near).program.calls) for near in (1024, 4096, 16384)]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > steps[-1]


def test_in_c(tmp_path: Path) -> None:
    """On three threads under the sanitizers: transfers run beside the kernels."""
    models = [compiled(1024), compiled(4096), compiled(1 << 20)]
    programs = host_programs(models, tmp_path)
    for number, model in enumerate(models):
        for cores in (1, 3):
            result = programs.run(number, inputs(model.program), cores)
            assert result.ok, result.verdict and result.verdict.diverged
