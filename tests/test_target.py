"""target.toml: every target reads, and a wrong key is answered with the nearest right one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from odl import assets, target
from odl.errors import UsageError


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private copy of spike's target.toml."""
    shutil.copytree(assets.TARGETS / "spike", tmp_path / "spike")
    monkeypatch.setattr(assets, "TARGETS", tmp_path)
    return tmp_path / "spike/target.toml"


def refusal(path: Path, old: str, new: str) -> str:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UsageError) as error:
        target.load("spike")
    return str(error.value)


@pytest.mark.parametrize("name", target.names())
def test_every_target_reads_and_its_files_exist(name: str) -> None:
    t = target.load(name)
    assert 1 <= t.default_cores <= t.cores
    files = [*t.build.sources, t.build.link_script, t.run.dts]
    assert all((assets.TARGETS / f).is_file() for f in files if f)


def test_an_unknown_key_names_the_nearest(copy: Path) -> None:
    said = refusal(copy, "default_cores", "defualt_cores")
    assert said == (
        "targets/spike/target.toml: unknown key 'defualt_cores'; nearest: default_cores"
    )


def test_an_unknown_key_of_a_table_too(copy: Path) -> None:
    said = refusal(copy, "link_script", "linkscript")
    assert said == (
        "targets/spike/target.toml: build: unknown key 'linkscript'; nearest: link_script"
    )


def test_a_missing_key_is_named(copy: Path) -> None:
    said = refusal(copy, 'counter = "instructions"\n', "")
    assert said == "targets/spike/target.toml: key 'counter' is missing"


def test_a_wrong_type_is_named(copy: Path) -> None:
    said = refusal(copy, "cores = 16", 'cores = "16"')
    assert said == "targets/spike/target.toml: cores: has the wrong type (str)"


@pytest.mark.parametrize(
    ("macs", "wrong"),
    [('{ f32 = "1" }', "limits: macs: has the wrong type (dict)"),
     ("{ f32 = 1 }\nbyte = 8", "limits: unknown key 'byte'; nearest: bytes"),
     ("{ f32 = 1 }", "limits: key 'bytes' is missing")],
)  # fmt: skip
def test_limits_are_checked_too(copy: Path, macs: str, wrong: str) -> None:
    said = refusal(copy, "[build]", f"[limits]\nunits = 4\nmacs = {macs}\n[build]")
    assert said == f"targets/spike/target.toml: {wrong}"


def test_cores_that_share_units_have_the_limit_of_the_units() -> None:
    limits = target.Limits(units=4, macs={"f32": 1, "f16": 2}, bytes=8)
    assert [limits.macs_per_cycle("f16", n) for n in (1, 3, 4, 8)] == [2, 6, 8, 8]
    assert limits.macs_per_cycle("i8", 8) == 0


def test_broken_toml_is_told(copy: Path) -> None:
    said = refusal(copy, "cores = 16", "cores = = 16")
    assert re.match(r"targets/spike/target.toml: not valid TOML: .*line 2", said)


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UsageError) as error:
        target.load("../spike")
    assert str(error.value) == "there is no target '../spike'; did you mean spike"
