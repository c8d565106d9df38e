"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from odl.cli import _run
from odl.demo import MODEL


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    assert _run(["compile", str(MODEL), "-t", "host", "-o", str(tmp_path / "watch")]) == 0
    return tmp_path / "watch"
