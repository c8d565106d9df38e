"""Works on the host: their lines, their parts, and a failure that is one line."""

from __future__ import annotations

from pathlib import Path

from odl import target
from odl.bench.kernels import conv_step, product
from odl.bench.measure import measure
from odl.bench.works import Work

SMALL = Work("matmul 4x5x6", lambda dtype: product(4, 5, 6, dtype))


def test_a_line_for_each_part_dtype_and_number_of_cores(tmp_path: Path) -> None:
    told: list[int] = []
    works = [SMALL, Work("conv2d step", conv_step, parts=True)]
    found = measure(works, target.load("host"), ["fp32"], [1, 2], tmp_path, told.append)
    assert told == [1, 2]
    parts = ["conv2d forward", "conv2d weight gradient", "conv2d input gradient", "conv2d step"]
    assert [(m.work, m.cores) for m in found] == [
        ("matmul 4x5x6", 1), ("matmul 4x5x6", 2), *((p, 1) for p in parts), *((p, 2) for p in parts)
    ]  # fmt: skip
    assert all(m.cost and m.cost.critical > 0 and not m.error for m in found)
    assert [m.macs for m in found[2:6]] == [36_864, 36_864, 36_864, 3 * 36_864]
    costs = [m.cost.critical for m in found[2:6] if m.cost]
    assert sum(costs[:3]) <= costs[3], "the whole has all its parts"
    assert {p.name for p in tmp_path.iterdir()} == {"matmul_4x5x6_fp32", "conv2d_step_fp32"}


def test_what_does_not_fit_is_a_line(tmp_path: Path) -> None:
    large = Work("matmul 999x999x1", lambda dtype: product(999, 999, 1, dtype))
    found = measure([large], target.load("gap9"), ["fp32"], [1, 2], tmp_path, lambda done: None)
    assert [(m.cores, m.cost) for m in found] == [(1, None), (2, None)]
    assert found[0].error == found[1].error
    assert found[0].error.startswith("tensor 'a' (3992004 bytes): the tensors need ")


def test_more_cores_than_the_target_has_is_a_line(tmp_path: Path) -> None:
    host = target.load("host")
    (found,) = measure([SMALL], host, ["fp32"], [host.cores + 1], tmp_path, lambda done: None)
    assert found.error == f"{host.cores + 1} cores; host has 1 to {host.cores}"
