"""Damaged models are compiled, or refused in one line; and the harness sees it if they are not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frontend import mutate
from tests.frontend.mutate import corpus, judge, mutant, run
from tests.frontend.mutations import fields, message, varint
from tests.models import conv_net


@pytest.mark.timeout(7200)
def test_mutants_are_compiled_or_refused(request: pytest.FixtureRequest) -> None:
    count = 100_000 if request.config.getoption("--slow") else 1_000
    report = run(count)
    print(report)
    assert not report.faults, str(report)
    assert report.kinds.total() == count
    assert report.kinds["compiled"] > count / 20


def test_a_mutant_is_always_the_same() -> None:
    assert mutant(12) == mutant(12)
    assert len({mutant(n)[0] for n in range(100)}) > 95


def test_seeds_are_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise mutants would say nothing."""
    for kind, seeds in corpus():
        assert len(seeds) > 5
        for data in seeds[:5]:
            monkeypatch.setattr(mutate, "mutant", lambda number, d=data, k=kind: (d, k.ending))
            assert judge(0, tmp_path).kind == "compiled"


@pytest.mark.parametrize("value", [0, 127, 128, 1 << 63, (1 << 64) - 1])
def test_protobuf_is_taken_apart_and_put_together(value: int) -> None:
    data = conv_net().SerializeToString()
    assert message(fields(data) or []) == data
    assert fields(b"\x08" + varint(value)) == [[1, 0, value]]


# --- the harness itself ---


def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, text: str) -> str:
    """The fault that is found in a verb that ends so."""

    def verb(args: list[str]) -> int:
        sys.stderr.write(text)
        return code

    monkeypatch.setattr(mutate, "_run", verb)
    return judge(0, tmp_path).fault


@pytest.mark.parametrize(
    ("code", "text"),
    [(1, "odl: a fault\n"), (2, "odl: usage\n"), (3, "odl: two\nlines\n"), (3, "odl: \x1b[2J\n"),
     (3, "odl: ü\n"), (3, ""), (3, "no name\n"), (3, "odl: " + "n" * 900 + "\n")],
)  # fmt: skip
def test_a_bad_answer_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, text: str
) -> None:
    assert judged(tmp_path, monkeypatch, code, text) == f"exit code {code}, {text!r}"


def test_a_good_answer_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(tmp_path, monkeypatch, 3, "odl: refused\n") == ""
    assert judged(tmp_path, monkeypatch, 4, "odl: too large\n") == ""


def test_a_folder_that_is_missing_or_left_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert judged(tmp_path, monkeypatch, 0, "") == "left ['net.onnx']"
    (tmp_path / "odl-scratch").mkdir()
    assert judged(tmp_path, monkeypatch, 3, "odl: no\n") == "left ['net.onnx', 'odl-scratch']"


WORKER = """
import json, os, sys
first, stop, step = map(int, sys.argv[1:])
for number in range(first, stop, step):
    print(number, flush=True)
    if number == 4:
        os.abort()
    print(json.dumps({"number": number, "kind": "k", "seconds": number, "rss": 0}), flush=True)
"""


def test_a_mutant_that_takes_its_worker_along_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mutate, "WORKER", [sys.executable, "-c", WORKER])
    report = run(9)
    assert report.kinds == {"k": 8, "crashed": 1}
    assert report.faults == ["mutant 4: ended the worker (-6): "]
    assert report.slowest.number == 8


def test_a_write_elsewhere_is_noted(tmp_path: Path) -> None:
    code = """
import json, os, sys
from pathlib import Path
from tests.frontend.mutate import _forbid_writes_outside
note, folder = [], Path(sys.argv[1])
_forbid_writes_outside(folder / "in", note)
(folder / "in").mkdir()
(folder / "in/file").write_text("")
(folder / "in/file").read_text()
(folder / "file").write_text("")
(folder / "in/file").rename(folder / "moved")
(folder / "moved").unlink()
print(json.dumps(note))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=mutate.ROOT,
    )  # fmt: skip
    kinds = [note.replace(str(tmp_path), "") for note in json.loads(done.stdout)]
    assert kinds == ["open /file", "os.rename /moved", "os.remove /moved"]
