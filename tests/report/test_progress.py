"""Progress without a terminal is plain lines, and few."""

from __future__ import annotations

import pytest

from odl.report.progress import progress


def test_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("watch on spike", 100) as tell:
        for done in range(1, 101):
            tell(done)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "watch on spike: 100 of 100 samples\n"
