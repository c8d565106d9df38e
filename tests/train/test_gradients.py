"""Every gradient rule agrees with finite differences in double precision, and so does its C."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from odl import target
from odl.compile import STEP, Compiled, snapshot
from odl.plan.plan import plan
from tests.devices import Programs, host_programs
from tests.train.all_cases import CASES
from tests.train.gradients import differentiated, error, run

NAMES = list(CASES)
AS_C = range(0, len(NAMES), 3)
"""All of them would take minutes to build."""


@pytest.mark.parametrize("name", CASES)
def test_a_gradient_is_that_of_finite_differences(name: str) -> None:
    assert error(CASES[name]) < 1e-6


def compiled(number: int) -> Compiled:
    """The graph with its gradients, in single precision."""
    made = differentiated(CASES[NAMES[number]])
    model, host, name = ir.Model(made.graph, ir_version=10), target.load("host"), f"g{number}"
    for step in STEP:
        step(model)
    program = plan(model.graph, name, host, 1)
    stage = snapshot(model)
    return Compiled(name, host, {"imported": stage, "canonical": stage}, program)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    folder = tmp_path_factory.mktemp("gradients")
    return host_programs([compiled(number) for number in AS_C], folder)


@pytest.mark.parametrize("number", AS_C, ids=lambda n: NAMES[n])
def test_as_c_every_tensor_is_in_its_bound(programs: Programs, number: int) -> None:
    made = differentiated(CASES[NAMES[number]])
    kinds = {str(v.name): v.dtype.numpy() for v in made.graph.inputs}  # type: ignore[union-attr]
    result = programs.run(
        AS_C.index(number), {n: v.astype(kinds[n]) for n, v in made.feeds.items()}
    )
    assert result.verdict is not None
    assert result.ok, result.verdict.first
    exact = run(made.graph, made.feeds)
    for name, got in result.outputs.items():
        want = exact[name]
        scale = max(1.0, float(np.abs(want).max(initial=0)))
        np.testing.assert_allclose(
            got[0] / scale, want / scale, atol=2e-3 if "16" in NAMES[number] else 2e-5
        )
