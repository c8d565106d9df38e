"""What the README says of operators and methods is what the program says."""

from __future__ import annotations

import re

import pytest

from odl.report import methods, operators, strategies
from tests.firmware.hostcc import ROOT

README = ROOT / "README.md"
TABLES = {
    "operators: odl ops": operators.markdown,
    "methods: odl methods": methods.markdown,
    "strategies: odl methods --strategies": strategies.markdown,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table(name: str, request: pytest.FixtureRequest) -> None:
    text, want = README.read_text(encoding="utf-8"), TABLES[name]()
    table = re.compile(rf"(?<=<!-- {name} --markdown -->\n).*?(?=<!-- end)", re.DOTALL)
    if request.config.getoption("--update-golden"):
        text = table.sub(lambda _: want, text, count=1)
        README.write_text(text, encoding="utf-8")
    found = table.search(text)
    assert found is not None
    assert found[0] == want, "see pytest --update-golden"
