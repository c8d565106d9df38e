"""The list of works: names are unique, and every figure of others belongs to a line of ours."""

from __future__ import annotations

from odl import target
from odl.bench.works import PEER_TARGET, PEERS, SOURCES, WORKS, peer


def test_names_are_unique() -> None:
    assert len({w.name for w in WORKS}) == len(WORKS)


def test_every_figure_has_a_line_and_a_source() -> None:
    lines = {w.name for w in WORKS}
    lines |= {f"conv2d {phase}" for phase in ("forward", "weight gradient", "input gradient")}
    assert {p.work for p in PEERS} <= lines
    assert {p.source for p in PEERS} == set(SOURCES)
    assert len({(p.work, p.dtype, p.cores) for p in PEERS}) == len(PEERS)
    assert all(float(p.figure.split()[0]) > 0 for p in PEERS)
    assert PEER_TARGET in target.names()


def test_a_figure_is_shown_for_what_it_was_measured_on() -> None:
    assert peer("matmul 64x64x64", "fp16", 8, PEER_TARGET) == "6.68 a"
    assert peer("matmul 64x64x64", "fp16", 1, PEER_TARGET) == "0.917 a"
    assert peer("matmul 64x64x64", "fp16", 4, PEER_TARGET) == ""
    assert peer("matmul 64x64x64", "fp16", 8, "spike") == ""
    assert peer("resnet8 training step", "fp32", 8, PEER_TARGET) == ""
