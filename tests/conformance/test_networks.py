"""Random networks on Spike are right, on any number of harts and at any optimisation."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnxruntime as ort
import pytest
from onnx import version_converter

from odl.compile import Compiled, Options, compile_graph
from odl.plan.interpret import interpret
from tests.conformance.networks import network
from tests.conformance.random_models import RandomModel
from tests.devices import Programs, target_programs

COUNT, SHORT = 300, 24
HARTS = (1, 2, 8)
LEVELS = ("-O0", "-O2")
BLOCK = 30
"""Networks in one program."""


def compiled(case: RandomModel, target: str = "spike") -> Compiled:
    model = ir.serde.deserialize_model(version_converter.convert_version(case.model, 28))
    return compile_graph(model, case.name, Options(target, max(HARTS)))


def count(request: pytest.FixtureRequest) -> int:
    return COUNT if request.config.getoption("--slow") else SHORT


@pytest.fixture(scope="module")
def networks(request: pytest.FixtureRequest) -> list[RandomModel]:
    return [network(seed) for seed in range(count(request))]


@pytest.mark.timeout(3600)
def test_every_team_and_level_is_right(
    networks: list[RandomModel], tmp_path_factory: pytest.TempPathFactory
) -> None:
    for start in range(0, len(networks), BLOCK):
        block = networks[start : start + BLOCK]
        models = [compiled(case) for case in block]
        levels = [
            target_programs(models, tmp_path_factory.mktemp("networks"), level) for level in LEVELS
        ]
        for number, case in enumerate(block):
            _check(levels, number, case)


def _check(levels: list[Programs], number: int, case: RandomModel) -> None:
    for programs in levels:
        results = [programs.run(number, case.inputs, harts) for harts in HARTS]
        for result in results:
            assert result.verdict is not None
            assert result.ok, (case.name, result.verdict.diverged)
            for name, value in result.outputs.items():
                assert value.tobytes() == results[0].outputs[name].tobytes(), case.name


def test_onnx_runtime_agrees(networks: list[RandomModel]) -> None:
    for case in networks:
        session = ort.InferenceSession(
            case.model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        wanted = session.run(None, case.inputs)
        seen = interpret(compiled(case, "host").program, case.inputs)
        for output, want in zip(session.get_outputs(), wanted, strict=True):
            np.testing.assert_allclose(
                seen[output.name], want, rtol=2e-3, atol=2e-4, err_msg=case.name
            )


def test_plans_are_near_their_bounds(networks: list[RandomModel]) -> None:
    for case in networks:
        program = compiled(case, "host").program
        padding = program.alignment * len(program.peak[1])
        assert program.arena_bytes <= 1.05 * program.lower_bound + padding, case.name
