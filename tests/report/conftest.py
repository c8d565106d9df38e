"""Whole outputs, compared with files that people can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden/report"


@pytest.fixture
def golden(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], None]:
    """A function that compares what has been printed with a file of GOLDEN."""

    def compare(name: str) -> None:
        printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
        text = "\n".join(printed) + "\n"
        if request.config.getoption("--update-golden"):
            (GOLDEN / name).parent.mkdir(exist_ok=True)
            (GOLDEN / name).write_text(text, encoding="utf-8")
        assert text == (GOLDEN / name).read_text(encoding="utf-8"), "see pytest --update-golden"

    return compare
