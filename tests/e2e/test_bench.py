"""The benchmark's command on the simulated cluster, from works to table, JSON and figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from odl.cli import _run


def test_small_products_in_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "roof.svg"
    command = ["bench", "--only", "matmul 8x*", "--cores", "1,8", "-o", str(tmp_path / "kept")]
    assert _run([*command, "--json", "--svg", str(figure)]) == 0
    data = json.loads(capsys.readouterr().out)
    found = {(m["dtype"], m["cores"]): m for m in data["measurements"]}
    assert set(found) == {("fp32", 1), ("fp32", 8), ("fp16", 1), ("fp16", 8)}
    assert [found[key]["limit"] for key in sorted(found)] == [2, 8, 1, 4]
    for m in found.values():
        assert m["macs"] == 36_864
        assert 0.3 < m["rate"] / m["limit"] < 1
        assert m["events"]["cycles"] == pytest.approx(m["cores"] * m["critical"], rel=0.01)
    assert found["fp32", 1]["critical"] > 5 * found["fp32", 8]["critical"]
    assert found["fp16", 8]["peer"] == "6.01 a"
    assert "matmul 8x72x64 fp16" in figure.read_text()
    assert (tmp_path / "kept/matmul_8x72x64_fp16/model.c").is_file()
