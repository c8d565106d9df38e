"""The console shows any name safely, and JSON holds no number that JSON lacks."""

from __future__ import annotations

import json

import pytest

from odl.report.console import print_facts, print_json, print_table

HOSTILE = "evil\x1b[2J\r\n[red]name[/red]\u202e"


def test_tables_show_names_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "number"), [(HOSTILE, 3)], numbers="lr")
    out = capsys.readouterr().out
    assert "evil\\x1b[2J\\r\\n[red]name[/red]\\u202e" in out
    assert "\x1b" not in out
    assert "\r" not in out


def test_facts_show_values_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("a", HOSTILE), ("longer", "2")])
    assert capsys.readouterr().out == (
        "a       evil\\x1b[2J\\r\\n[red]name[/red]\\u202e\nlonger  2\n"
    )


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), float("-inf"), 1.5], "b": (True, None)})
    assert json.loads(capsys.readouterr().out) == {"a": ["nan", "-inf", 1.5], "b": [True, None]}
