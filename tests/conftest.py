"""Options of the test run."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="long fuzzing and soaks")
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden")
