"""Every gradient rule agrees with finite differences in double precision."""

from __future__ import annotations

import pytest

from tests.train import cases, cases_movement, cases_recurrent
from tests.train.gradients import error

CASES = {k: c for m in (cases, cases_movement, cases_recurrent) for k, c in m.CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_gradient_is_that_of_finite_differences(name: str) -> None:
    assert error(CASES[name]) < 1e-6
