"""What the tests of the gap9's instructions share: one simulated machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.firmware.pulp import Machine, build, started


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Executes code on operands; its first word is the address of the memory that it lends."""
    folder = tmp_path_factory.mktemp("pulp")
    with started(folder, build(folder, "pulp_instructions.c")) as running:
        yield running


@pytest.fixture(scope="session")
def lent(machine: Machine) -> int:
    """The address of the memory that the code may use."""
    return int(machine.receive(1)[0])


@pytest.fixture(autouse=True)
def _greeted(request: pytest.FixtureRequest) -> None:
    if "machine" in request.fixturenames:
        request.getfixturevalue("lent")
