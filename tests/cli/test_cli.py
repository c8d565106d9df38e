"""The command line as a user meets it: its output, its one-line errors, its exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import onnx
import pytest

from odl.cli import _run
from odl.demo import DATA, MODEL
from tests.transform.test_choose_layout import network


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error."""
    text = capsys.readouterr().err
    assert text.count("\n") == 1, text
    return text.rstrip()


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["--help"]) == 0
    text = capsys.readouterr().out
    verbs = "adapt adapter analyze bench build compare compile demo doctor freeze methods ops"
    for verb in [*verbs.split(), "profile", "run", "size", "targets", "tune", "view"]:
        assert re.search(rf"^  {verb} ", text, re.MULTILINE), verb


def test_help_imports_nothing_heavy() -> None:
    """That is what keeps it fast."""
    code = (
        "import sys; from odl.cli import _run; _run(['--help'])\n"
        "heavy = {'numpy', 'onnx', 'onnx_ir', 'rich', 'jinja2', 'serial'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_compile_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "b"
    assert _run(["compile", str(MODEL), "-t", "spike", "--cores", "3", "-o", str(out)]) == 0
    assert capsys.readouterr().out == (
        f"{out}: watch for spike, 3 cores: 10 steps, 78,928 MAC, arena 7,168 bytes "
        "(1.000 of the lower bound), constants 15,276 bytes\n"
        f"next: odl run {out} --data SAMPLES.npz\n"
    )
    assert {p.name for p in out.glob("*.onnx")} == {"imported.onnx", "canonical.onnx"}


def test_compile_tells_where_channels_stand_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(network(), tmp_path / "net.onnx")
    command = ["compile", str(tmp_path / "net.onnx"), "-t", "gap9", "-o", str(tmp_path / "b")]
    assert _run(command) == 0
    assert "  layout: HWC for 4 of 4 layers\n" in capsys.readouterr().out
    assert _run([*command, "--layout", "chw"]) == 0
    assert "layout" not in capsys.readouterr().out


def test_compile_keeps_the_stages(tmp_path: Path) -> None:
    out = tmp_path / "b"
    assert _run(["compile", str(MODEL), "-o", str(out), "--save-stages"]) == 0
    stages = sorted(p.stem for p in out.glob("*.onnx"))
    assert stages[:2] == ["01_remove_dead", "02_fold_constants"]
    assert stages[-2:] == ["canonical", "imported"]


def test_input_shape_sets_an_open_dimension(tmp_path: Path) -> None:
    out = tmp_path / "b"
    assert _run(["compile", str(MODEL), "-o", str(out), "--input-shape", "imu=5,6,64"]) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["tensors"][0]["shape"] == [5, 6, 64]


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        (["compile"], 2, "odl: Missing argument 'MODEL'.; see 'odl --help'"),
        (["fly"], 2, "odl: No such command 'fly'.; see 'odl --help'"),
        (
            ["compile", str(MODEL), "-t", "spikes"],
            2,
            "odl: there is no target 'spikes'; did you mean spike",
        ),
        (
            ["compile", str(MODEL), "-t", "qemu", "--cores", "9"],
            2,
            "odl: 9 cores; qemu has 1 to 8",
        ),
        (
            ["compile", str(MODEL), "--input-shape", "imu=5,x"],
            2,
            "odl: Invalid value for '--input-shape': 'imu=5,x' is not NAME=D,D,... "
            "with dimensions from 1; see 'odl --help'",
        ),
        (
            ["bench", "--only", "mat*", "--cores", "8,x"],
            2,
            "odl: Invalid value for '--cores': '8,x' is not N,N,... from 1; see 'odl --help'",
        ),
        (
            ["bench", "--dtype", "fp32,int8"],
            2,
            "odl: Invalid value for '--dtype': 'fp32,int8' is not fp32, fp16 or both with a comma; "
            "see 'odl --help'",
        ),
        (["bench", "--cores", "9"], 2, "odl: 9 cores; gap9 has 1 to 8"),
        (
            ["bench", "--only", "lenet*"],
            2,
            "odl: --only lenet* matches no work; there are matmul 32x32x32, matmul 64x64x64, "
            "matmul 8x72x64, matmul 9x65x63, conv2d step, resnet8 forward, resnet8 training step, "
            "ds-cnn forward, ds-cnn training step",
        ),
        (
            ["bench", "--only", "lenet*", "-t", "host", "--svg", "roof.svg"],
            2,
            "odl: there is no roofline for host; its target.toml states no [limits]",
        ),
        (
            ["profile", "/nowhere"],
            3,
            "odl: /nowhere: this is no build folder; make one with 'odl compile MODEL -o'",
        ),
        (
            ["run", "/nowhere", "--data", str(DATA)],
            3,
            "odl: /nowhere: this is no build folder; make one with 'odl compile MODEL -o'",
        ),
    ],
)
def test_errors_are_one_line(
    args: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert _run(args) == code
    assert said(capsys) == line
    assert list(tmp_path.iterdir()) == []


def test_run_verifies_and_says_so(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert _run(["run", str(watch), "--data", str(DATA), "--limit", "3"]) == 0
    text = capsys.readouterr().out
    assert "verified" in text
    assert "12 tensors of 3 samples, all within their bounds" in text
    assert "block2/pointwise/relu/y" in text


def test_run_prints_json(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert _run(["run", str(watch), "--data", str(DATA), "--limit", "2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["ok"] is True
    assert data["samples"] == 2
    assert data["first_divergence"] is None
    assert data["tensors"][0]["name"] == "imu"
    assert all(t["max_abs"] == 0 for t in data["tensors"] if t["op"] == "Relu")


def test_run_names_a_broken_kernel(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    args = ["run", str(watch), "--data", str(DATA), "--limit", "1"]
    assert _run([*args, "-D", "ODL_BREAK_KERNEL=odl_max_pool_f32"]) == 1
    text = capsys.readouterr().out
    assert re.search(r"^FAILED +MaxPool node 'pool', tensor 'pool/y', sample 0: ", text, re.M)


def test_run_without_verification_still_counts(
    watch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert _run(["run", str(watch), "--data", str(DATA), "--no-verify"]) == 0
    text = capsys.readouterr().out
    assert "accuracy" in text
    assert "nothing, as asked" in text


def test_run_refuses_data_that_does_not_fit(
    watch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((4, 6, 65), np.float32))
    capsys.readouterr()
    assert _run(["run", str(watch), "--data", str(tmp_path / "x.npy")]) == 3
    assert said(capsys) == (
        f"odl: {tmp_path}/x.npy: array 'imu' has the shape [4, 6, 65]; "
        "the input takes [1, 6, 64] for one sample, with the samples as first axis"
    )


def test_run_on_a_port_that_is_not_there(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert _run(["run", str(watch), "--data", str(DATA), "--port", "/dev/ttyNONE"]) == 5
    assert said(capsys).startswith("odl: /dev/ttyNONE: the port cannot be opened: ")


def test_run_on_more_cores_than_there_are(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert _run(["run", str(watch), "--data", str(DATA), "--cores", "2"]) == 2
    assert said(capsys) == ("odl: 2 cores, but the program was built for 1; compile with --cores")


def test_build_reports_sizes(watch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert _run(["build", str(watch), "--json"]) == 0
    image = json.loads(capsys.readouterr().out)
    assert image["flash"] > 15_276
    assert image["ram"] > 7_168


def test_analyze_names_the_peak(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["analyze", str(MODEL), "-t", "spike", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["macs"] == sum(s["macs"] for s in data["steps"]) == 78_928
    assert data["ram"]["arenas"] == {"ram": 7168}
    assert data["ram"]["peak"][0]["tensors"] == [
        "block1/pointwise/relu/y",
    ]
    assert _run(["analyze", str(MODEL), "-t", "spike"]) == 0
    assert "78,928 MAC in 10 steps" in capsys.readouterr().out


def test_ops_and_targets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["ops", "--json"]) == 0
    ops = {row["operator"] for row in json.loads(capsys.readouterr().out)}
    assert {"Conv", "GlobalAveragePool", "ArgMax", "Cast"} <= ops
    assert _run(["targets", "--json"]) == 0
    assert {"host", "qemu", "spike"} <= {t["name"] for t in json.loads(capsys.readouterr().out)}


def test_doctor_finds_what_the_tests_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["doctor"]) == 0
    assert "builds and runs" in capsys.readouterr().out


def test_view_refuses_a_stage_that_was_not_kept(
    watch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert _run(["view", str(watch), "--stage", "01_fold"]) == 2
    assert said(capsys) == (
        f"odl: {watch}: there is no stage '01_fold' here; there are: canonical, imported; "
        "--save-stages keeps all"
    )


def test_view_serves_this_machine_only(watch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import netron

    started: list[tuple[str, int]] = []
    start, seen = netron.start, []

    def fetch() -> None:
        with urllib.request.urlopen("http://{}:{}/".format(*started[0]), timeout=10) as page:
            seen.append(page.status)
        netron.stop(started[0])

    monkeypatch.setattr(netron, "start", lambda *a, **k: started.append(start(*a, **k)))
    monkeypatch.setattr(netron, "wait", fetch)
    assert _run(["view", str(watch), "--no-browser"]) == 0
    assert started[0][0] == "127.0.0.1"
    assert seen == [200]


def test_a_fault_of_odl_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("boom\x1b[2J")

    monkeypatch.setattr("odl.compile.compile_to", fail)
    assert _run(["compile", str(MODEL)]) == 1
    assert said(capsys) == (
        "odl: a fault of odl itself: RuntimeError: boom\\x1b[2J; ODL_TRACEBACK=1 shows where"
    )


def test_interruption_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("odl.compile.compile_to", interrupt)
    assert _run(["compile", str(MODEL)]) == 130
    assert capsys.readouterr().err.strip() == "odl: interrupted"


def test_demo_runs_the_main_job_and_learns(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out, svg = tmp_path / "demo", tmp_path / "curve.svg"
    args = ["demo", "--limit", "5", "-o", str(out), "--svg", str(svg), "--json"]
    assert _run(args) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"]["ok"]
    assert told["run"]["samples"] == 5
    assert told["stream"]["ok"]
    assert told["stream"]["verified_steps"] == 3
    assert [m["samples"] for m in told["stream"]["marks"]] == [0, 1, 2, 5]
    assert svg.read_text().startswith("<svg")
    assert sorted(p.name for p in out.iterdir()) == ["watch", "watch_learns"]
