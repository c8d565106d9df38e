"""What the README says of the operators is what the program says."""

from __future__ import annotations

import re

import pytest

from odl.report.operators import markdown
from tests.firmware.hostcc import ROOT

README = ROOT / "README.md"
TABLE = re.compile(r"(?<=<!-- operators: odl ops --markdown -->\n).*?(?=<!-- end)", re.DOTALL)


def test_the_table_of_operators(request: pytest.FixtureRequest) -> None:
    text = README.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        text = TABLE.sub(lambda _: markdown(), text)
        README.write_text(text, encoding="utf-8")
    found = TABLE.search(text)
    assert found is not None
    assert found[0] == markdown(), "see pytest --update-golden"
