"""ONNX's own node cases: as generated C on the host, and some of them on Spike."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from odl.compile import Compiled, Options, compile_graph
from odl.errors import OdlError
from odl.plan.interpret import interpret
from odl.result import Result
from tests.conformance.node_cases import (
    REFUSED_FILE,
    Array,
    NodeCase,
    every_case,
    graph_of,
    node_cases,
    refusals,
)
from tests.devices import Programs, host_programs, target_programs

CASES = node_cases()
ON_SPIKE = CASES[:: max(1, len(CASES) // 150)]


@cache
def compiled(name: str, target: str) -> Compiled:
    return compile_graph(graph_of(every_case()[name]), name, Options(target))


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    folder = tmp_path_factory.mktemp("node_cases")
    return host_programs([compiled(case.name, "host") for case in CASES], folder)


def close(got: Array, want: Array) -> None:
    """The tolerance of onnx.backend.test; a few roundings where half precision is coarser."""
    coarse = want.dtype == np.float16
    np.testing.assert_allclose(got, want, rtol=4e-3 if coarse else 1e-3, atol=1e-7)


def agrees_with_onnx(case: NodeCase, result: Result) -> None:
    """Within bounds, and close to ONNX's stored outputs."""
    assert result.verdict is not None
    assert result.ok, result.verdict.first
    for name, want in case.outputs.items():
        got = result.outputs[name][0]
        assert got.shape == want.shape
        assert got.dtype == want.dtype
        close(got, want)


def test_most_cases_pass() -> None:
    assert len(CASES) >= 600


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: CASES[n].name)
def test_host(programs: Programs, number: int) -> None:
    agrees_with_onnx(CASES[number], programs.run(number, CASES[number].inputs))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_interpreter(case: NodeCase) -> None:
    program = compiled(case.name, "host").program
    seen = interpret(program, case.inputs)
    for name, want in case.outputs.items():
        close(seen[name], want)


@pytest.fixture(scope="session")
def on_spike(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    folder = tmp_path_factory.mktemp("spike")
    return target_programs([compiled(case.name, "spike") for case in ON_SPIKE], folder, "-O2")


@pytest.mark.parametrize("number", range(len(ON_SPIKE)), ids=lambda n: ON_SPIKE[n].name)
def test_spike(on_spike: Programs, number: int) -> None:
    agrees_with_onnx(ON_SPIKE[number], on_spike.run(number, ON_SPIKE[number].inputs))


def test_the_rest_is_refused_in_one_line(request: pytest.FixtureRequest) -> None:
    found = {}
    update = request.config.getoption("--update-golden")
    for name in every_case() if update else refusals():
        try:
            compiled(name, "host")
        except OdlError as error:
            found[name] = str(error)
    if update:
        lines = [f"{name}: {text}\n" for name, text in sorted(found.items())]
        REFUSED_FILE.write_text("".join(lines), encoding="utf-8")
    assert found == refusals(), "see pytest --update-golden"
