"""Computing again instead of storing: less memory, and the same results bit for bit."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl.compile import Options, canonicalise, compile_graph
from odl.demo import MODEL
from odl.errors import DoesNotFit
from odl.frontend.onnx_file import read_onnx
from odl.plan.interpret import interpret
from odl.plan.plan import check_fit
from odl.plan.recompute import recompute, trade
from odl.target import load
from odl.train.options import TrainOptions
from odl.train.state import count_states
from tests.models import conv_net

HOST = load("host")


def step(layerwise: bool = False, watch: bool = False) -> tuple[ir.Model, int]:
    model = read_onnx(MODEL) if watch else ir.serde.deserialize_model(conv_net())
    canonicalise(model, Options(train=TrainOptions("full", layerwise=layerwise)))
    return model, count_states(model.graph)


@pytest.mark.parametrize("layerwise", [False, True])
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_nothing_else_changes(layerwise: bool, dtype: str) -> None:
    train = TrainOptions("full", layerwise=layerwise)
    plain, tight = (
        compile_graph(read_onnx(MODEL), "w", Options("host", 2, dtype=dtype, train=train, ram=ram))
        for ram in (0, 1)
    )
    assert tight.recomputed
    assert tight.program.arena_bytes < 0.95 * plain.program.arena_bytes
    imu = np.random.default_rng(0).normal(size=(1, 6, 64)).astype(np.float32)
    feed = {"imu": imu, "label": np.array([3], np.int32)}
    want, got = (interpret(made.program, feed) for made in (plain, tight))
    assert all(got[name].tobytes() == want[name].tobytes() for name in want)


def test_layers_that_take_turns_learn_the_same() -> None:
    """Poisoned memory shows a condition that is lost or wrong."""
    train = TrainOptions("lisa:layers=1,period=1")
    plain, tight = (
        compile_graph(read_onnx(MODEL), "w", Options("host", 2, train=train, ram=ram)).program
        for ram in (0, 1)
    )
    assert tight.arena_bytes < plain.arena_bytes
    imu = np.random.default_rng(0).normal(size=(1, 6, 64)).astype(np.float32)
    states: dict[str, np.ndarray] = {}
    for _ in range(4):
        feed = {"imu": imu, "label": np.array([3], np.int32), **states}
        want, got = interpret(plain, feed), interpret(tight, feed)
        states = {s.tensor: want[s.successor] for s in plain.states}
        for s in plain.states:
            assert got[s.successor].tobytes() == want[s.successor].tobytes(), s.tensor


def test_macs_are_those_of_the_nodes_that_run_twice() -> None:
    model, states = step(watch=True)
    done = recompute(model.graph, HOST, states, 40_000)
    assert done
    plain = compile_graph(read_onnx(MODEL), "w", Options(train=TrainOptions("full")))
    tight = compile_graph(read_onnx(MODEL), "w", Options(train=TrainOptions("full"), ram=40_000))
    assert tight.program.macs - plain.program.macs == sum(r.macs for r in done)
    assert tight.program.arena_bytes <= 40_000 < plain.program.arena_bytes
    check_fit(tight.program, HOST, 40_000)


def test_enough_memory_changes_nothing() -> None:
    model, states = step()
    before = len(list(model.graph))
    assert recompute(model.graph, HOST, states, 1 << 20) == []
    assert len(list(model.graph)) == before


def test_what_cannot_be_reached_is_refused_with_the_bytes_that_are_missing() -> None:
    options = Options(train=TrainOptions("full"), ram=2000)
    made = compile_graph(ir.serde.deserialize_model(conv_net()), "net", options)
    missing = made.program.arena_bytes - 2000
    with pytest.raises(DoesNotFit) as error:
        check_fit(made.program, HOST, 2000)
    assert f"{missing} more than --ram" in str(error.value)
    assert "--dtype fp16" in str(error.value)


def test_the_trade_gets_steeper() -> None:
    model, states = step(watch=True)
    found = trade(model.graph, HOST, states, (0.95, 0.9, 0.5))
    peaks, macs = [t.peak for t in found], [t.macs for t in found]
    assert peaks == sorted(peaks, reverse=True)
    assert macs == sorted(macs)
    assert found[-1].peak > found[-1].budget
    assert peaks[0] <= found[0].budget


def test_names_are_new_and_tell_what_they_repeat() -> None:
    model, states = step(watch=True)
    names = {str(v.name) for n in model.graph for v in n.outputs}
    recompute(model.graph, HOST, states, 0)
    after = [str(v.name) for n in model.graph for v in n.outputs if v.name]
    assert len(after) == len(set(after))
    again = [n for n in after if n not in names]
    assert again
    assert all(n.rpartition("/again")[0] in names for n in again)
    assert len(after) == len(names) + len(again)
