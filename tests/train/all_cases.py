"""Every graph at which a gradient is judged, by name."""

from __future__ import annotations

from tests.train import (
    cases,
    cases_losses,
    cases_movement,
    cases_norms,
    cases_quantised,
    cases_recurrent,
)
from tests.train.gradients import Case

CASES: dict[str, Case] = {
    name: case
    for module in (
        cases,
        cases_movement,
        cases_norms,
        cases_quantised,
        cases_recurrent,
        cases_losses,
    )
    for name, case in module.CASES.items()
}
