"""The demonstration's network on every target: right, and the same for every number of cores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy.typing as npt
import pytest

from odl.build.build import build
from odl.compile import Options, compile_to
from odl.demo import DATA, MODEL
from odl.project import Project, read
from odl.run.device import Device
from odl.run.link import Link
from odl.run.samples import read_samples
from odl.run.session import RunOptions, open_port, run, run_steps
from odl.target import load

WINDOWS = 4


def compiled(tmp_path: Path, target: str, cores: int) -> Project:
    compile_to(MODEL, tmp_path / target, Options(target, cores))
    return read(tmp_path / target)


def every_tensor(project: Project, elf: Path, cores: int) -> list[dict[str, npt.NDArray[Any]]]:
    """All tensors of a few windows."""
    names = [t.name for t in project.tensors]
    with open_port(project, elf, RunOptions()) as port:
        device = Device(Link(port), project)
        samples = read_samples(DATA, project, WINDOWS)
        steps = len(project.steps)
        return [run_steps(device, inputs, names, cores, steps) for inputs, _ in samples]


@pytest.mark.parametrize(
    ("target", "most", "teams"),
    [
        ("spike", 8, (1, 2, 3, 8)),
        ("gap9", 8, (1, 3, 8)),
        ("qemu", 4, (1, 4)),
        ("host", 3, (1, 3)),
    ],
)
def test_results_do_not_depend_on_the_number_of_cores(
    tmp_path: Path, target: str, most: int, teams: tuple[int, ...]
) -> None:
    project = compiled(tmp_path, target, most)
    elf = Path(build(project).elf)
    first, *others = [every_tensor(project, elf, cores) for cores in teams]
    for other in others:
        for a, b in zip(first, other, strict=True):
            assert a.keys() == b.keys()
            assert all(a[name].tobytes() == b[name].tobytes() for name in a)


@pytest.mark.parametrize(
    ("target", "toolchain"),
    [(t, c) for t in ("spike", "gap9", "qemu", "host") for c in load(t).build.toolchains],
)
def test_every_tensor_is_within_its_bound(tmp_path: Path, target: str, toolchain: str) -> None:
    project = compiled(tmp_path, target, 2)
    image = build(project, toolchain)
    samples = read_samples(DATA, project, WINDOWS)
    with open_port(project, Path(image.elf), RunOptions()) as port:
        result = run(project, port, samples, RunOptions())
    assert result.verdict is not None
    assert result.ok, result.verdict.first
    assert result.verdict.samples == WINDOWS
    assert len(result.verdict.checks) == len(project.tensors)


def test_cost_is_exact_and_shared_fairly_on_spike(tmp_path: Path) -> None:
    project = compiled(tmp_path, "spike", 8)
    elf = Path(build(project).elf)
    costs = {}
    for cores in (1, 8):
        options = RunOptions(cores=cores, verify=False)
        with open_port(project, elf, options) as port:
            costs[cores] = run(project, port, read_samples(DATA, project, 2), options).cost
    assert costs[1].critical == costs[1].total
    assert costs[8].critical < costs[1].critical / 5
    assert costs[8].total < costs[1].total * 1.1


@pytest.mark.parametrize(
    ("target", "kernel", "node"),
    [
        ("host", "odl_conv2d_f32", "stem"),
        ("host", "odl_max_pool_f32", "pool"),
        ("host", "odl_matmul_f32", "block1/pointwise"),
        ("host", "odl_softmax_f32", "softmax"),
        ("gap9", "odl_max_pool_f32_xpulp", "pool"),
        ("gap9", "odl_matmul_f32_xpulp", "block1/pointwise"),
    ],
)
def test_a_broken_kernel_is_named(tmp_path: Path, target: str, kernel: str, node: str) -> None:
    project = compiled(tmp_path, target, 1)
    image = build(project, defines=(f"ODL_BREAK_KERNEL={kernel}",))
    with open_port(project, Path(image.elf), RunOptions()) as port:
        result = run(project, port, read_samples(DATA, project, 1), RunOptions())
    assert not result.ok
    assert result.verdict is not None
    assert result.verdict.diverged is not None
    assert result.verdict.diverged.node == node
    wrong = {c.node for c in result.verdict.checks.values() if not c.ok}
    called = {s.node for s in project.steps if s.function == kernel}
    assert wrong <= called, "a sound kernel is not blamed for what it was given"
