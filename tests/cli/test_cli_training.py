"""The command line where a network learns: training, adapters, and what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from odl.cli import _run
from odl.demo import DATA, MODEL
from tests.cli.test_cli import said
from tests.models import conv_net


@pytest.fixture
def trainer(tmp_path: Path) -> Path:
    folder = tmp_path / "trainer"
    options = ["--train", "last:1", "--optimizer", "adam:lr=0.01", "-t", "host", "--cores", "2"]
    assert _run(["compile", str(MODEL), *options, "-o", str(folder)]) == 0
    return folder


def test_compile_says_what_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "b"
    options = ["--train", "full", "--ram", "40k", "-t", "spike"]
    assert _run(["compile", str(MODEL), *options, "-o", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"  to keep to --ram, \d+ results are computed twice: [\d,]+ MAC more", lines[1]
    )
    assert re.fullmatch(
        r"  a training step: \d+ states of 15,\d+ bytes; steps 0 to 10 .*", lines[2]
    )
    assert lines[3] == f"next: odl run {out} --data SAMPLES.npz --steps N"


def test_ram_that_is_not_enough_is_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--train", "full", "--ram", "30000"]
    assert _run(["compile", str(MODEL), *options, "-o", str(tmp_path / "b")]) == 4
    assert "more than --ram, whatever is computed again" in said(capsys)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("size", ["4q", "0", "-1", "k", "1e3"])
def test_a_size_is_checked(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["analyze", str(MODEL), f"--ram={size}"]) == 2
    assert "no size such as 65536, 64k or 1M" in said(capsys)


def test_analyze_shows_the_trade(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["analyze", str(MODEL), "--train", "full"]) == 0
    text = capsys.readouterr().out
    assert "for the backward pass" in text
    assert re.search(r"with --ram +results computed twice\n +[\d,]+ bytes: [\d,]+ MAC more", text)
    assert _run(["analyze", str(MODEL), "--train", "bias", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["trade"][0]["peak"] <= data["ram"]["lower_bound"]
    assert sum(s["bytes"] for s in data["stored"]) < data["ram"]["lower_bound"]


def test_run_trains(trainer: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "s.safetensors"
    learn = ["run", str(trainer), "--data", str(DATA), "--steps", "12", "--seed", "1"]
    assert _run([*learn, "--verify-steps", "2", "--save", str(state)]) == 0
    text = capfd.readouterr().out
    assert re.search(r"steps +12, of which 0 skipped", text)
    assert re.search(r"verified +\d+ tensors of 2 steps, in their bounds", text)
    assert "drift of the loss" in text
    assert state.is_file()
    assert _run([*learn, "--json", "--load", str(state), "--eval", str(DATA), "--no-verify"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["step"] for line in lines[:-1]] == list(range(1, 13))
    assert lines[-1]["ok"]
    assert lines[-1]["before"]["labelled"] == 210
    assert lines[-1]["verified_steps"] == 0


def test_a_state_of_another_program_is_6(
    trainer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, other = tmp_path / "s.safetensors", tmp_path / "other"
    assert (
        _run(["run", str(trainer), "--data", str(DATA), "--steps", "1", "--save", str(state)]) == 0
    )
    assert _run(["compile", str(MODEL), "--train", "bias", "-o", str(other)]) == 0
    capsys.readouterr()
    learn = ["run", str(other), "--data", str(DATA), "--steps", "1", "--load", str(state)]
    assert _run(learn) == 6
    assert "was saved from another program" in said(capsys)


def test_training_a_program_that_does_not_is_2(
    watch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(["run", str(watch), "--data", str(DATA), "--steps", "3"]) == 2
    assert said(capsys) == "odl: the program does not train; compile it with --train"


def test_methods_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["methods", "--layer", "32,16,3,3", "--json"]) == 0
    rows = {row["method"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["full"]["trained bytes"] == f"{4 * (32 * 16 * 9 + 32):,}"
    assert rows["lora"]["trained bytes"] == f"{4 * 4 * (32 + 16 * 9):,}"
    assert (rows["lora"]["kept"], rows["lora-fa"]["kept"], rows["bias"]["kept"]) == ("20", "4", "0")
    assert rows["lora"]["paper"] == "arXiv:2106.09685"
    assert _run(["methods"]) == 0
    assert "lora-fa" in capsys.readouterr().out
    assert _run(["methods", "--layer", "64"]) == 2
    assert "'64' is not OUTPUTS,CHANNELS[,WINDOW...]" in said(capsys)


def test_an_adapter_is_exported_inspected_and_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from odl.project import read
    from odl.run.state_file import save_state

    folder, other = tmp_path / "b", tmp_path / "other"
    train = ["-t", "host", "--train", "eva:r=2+bias", "--calibrate", str(DATA)]
    assert _run(["compile", str(MODEL), *train, "-o", str(folder)]) == 0
    assert _run(["compile", str(MODEL), "--train", "lora:r=2", "-o", str(other)]) == 0
    project = read(folder)
    assert project.training is not None
    infos = {n: project.tensors[project.number(n)] for n, _ in project.training.states}
    rng = np.random.default_rng(0)
    states = {n: rng.normal(0, 0.1, i.shape).astype(i.dtype.numpy) for n, i in infos.items()}
    state, file, merged = (tmp_path / n for n in ("s.safetensors", "a.safetensors", "m.onnx"))
    save_state(state, project, {**states, "odl/updates": np.array(7, np.int32)})
    capsys.readouterr()
    assert _run(["adapter", "export", str(folder), str(state), str(file)]) == 0
    assert capsys.readouterr().out.endswith("bytes learnt in 7 updates\n")
    assert _run(["adapter", "inspect", str(folder), str(file), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["methods"], data["updates"]) == ("eva", "7")
    assert {c["method"] for c in data["changes"]} == {"eva", "itself"}
    assert _run(["adapter", "inspect", str(folder), str(file)]) == 0
    assert "intruders" in capsys.readouterr().out
    assert _run(["adapter", "merge", str(folder), str(file), str(merged)]) == 0
    assert _run(["compile", str(merged), "-o", str(tmp_path / "c")]) == 0
    capsys.readouterr()
    assert _run(["adapter", "merge", str(other), str(file), str(merged)]) == 6
    assert "is the adapter of another base" in said(capsys)


@pytest.fixture
def learnt(tmp_path: Path) -> tuple[Path, Path]:
    """A program of the demonstration, and a state of it."""
    from odl.project import read
    from odl.run.state_file import save_state

    folder, state = tmp_path / "b", tmp_path / "s.safetensors"
    options = ["-t", "host", "--train", "pissa:r=2,layers=classify*+bias"]
    assert _run(["compile", str(MODEL), *options, "-o", str(folder)]) == 0
    project = read(folder)
    assert project.training is not None
    rng = np.random.default_rng(0)
    states = {}
    for name, _ in project.training.states:
        info = project.tensors[project.number(name)]
        states[name] = rng.normal(0, 0.1, info.shape).astype(info.dtype.numpy)
    save_state(state, project, {**states, "odl/updates": np.array(7, np.int32)})
    return folder, state


def test_an_adapter_goes_to_peft_and_comes_back(
    learnt: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, state = map(str, learnt)
    file, peft, back, again = (
        str(tmp_path / n) for n in ("a.safetensors", "peft", "back.safetensors", "b.safetensors")
    )
    assert _run(["adapter", "export", folder, state, file]) == 0
    assert _run(["adapter", "export", folder, state, peft, "--format", "peft"]) == 0
    config = json.loads((Path(peft) / "adapter_config.json").read_text())
    assert (config["peft_type"], config["r"], config["bias"]) == ("LORA", 4, "all")
    assert config["target_modules"] == ["classify"]
    capsys.readouterr()
    assert _run(["adapter", "diff", folder, file, file]) == 0
    assert "difference" in capsys.readouterr().out
    assert _run(["adapter", "diff", folder, file, peft, "--tolerance", "1e-5"]) == 0
    assert _run(["adapter", "import", folder, peft, back]) == 0
    assert re.search(
        r"back.safetensors: 8 of 11 states are the adapter's\n$", capsys.readouterr().out
    )
    assert _run(["adapter", "export", folder, back, again]) == 0
    assert _run(["adapter", "diff", folder, file, again, "--tolerance", "1e-5"]) == 0
    assert _run(["adapter", "inspect", folder, peft]) == 0
    assert _run(["adapter", "merge", folder, peft, str(tmp_path / "m.onnx")]) == 0
    learn = ["run", folder, "--data", str(DATA), "--steps", "1", "--load", back, "--no-verify"]
    assert _run(learn) == 0


def test_adapters_that_differ_are_1_and_foreign_ones_6(
    learnt: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safetensors.numpy import load_file, save_file

    folder, state = map(str, learnt)
    first, second, peft = (tmp_path / n for n in ("a.safetensors", "b.safetensors", "peft"))
    assert _run(["adapter", "export", folder, state, str(first)]) == 0
    assert _run(["adapter", "export", folder, state, str(peft), "--format", "peft"]) == 0
    tensors = load_file(peft / "adapter_model.safetensors")
    tensors["base_model.model.classify.lora_B.weight"][:] = 0
    del tensors["base_model.model.stem.norm.bias"]
    save_file(tensors, peft / "adapter_model.safetensors")
    capsys.readouterr()
    assert _run(["adapter", "diff", folder, str(first), str(peft), "--json"]) == 1
    rows = {d["name"]: d for d in json.loads(capsys.readouterr().out)}
    for name in ("classify/weight", "stem/norm/y/bias"):
        assert (rows[name]["only"], rows[name]["cosine"], rows[name]["ranks"][1]) == ("a", None, 0)
        assert rows[name]["size"] > 0.01
    same = [d for n, d in rows.items() if n not in ("classify/weight", "stem/norm/y/bias")]
    assert all(d["size"] < 1e-6 and d["cosine"] > 0.999999 for d in same)
    second.write_bytes(first.read_bytes()[:-1])
    assert _run(["adapter", "diff", folder, str(first), str(second)]) == 3
    assert "not a readable safetensors file" in said(capsys)
    other = tmp_path / "other"
    assert _run(["compile", str(MODEL), "--train", "lora:r=2", "-o", str(other)]) == 0
    capsys.readouterr()
    assert _run(["adapter", "diff", str(other), str(first), str(first)]) == 6
    assert "is the adapter of another base" in said(capsys)
    tensors["base_model.model.stem.lora_B.weight"] = tensors.pop(
        "base_model.model.classify.lora_B.weight"
    )
    save_file(tensors, peft / "adapter_model.safetensors")
    assert _run(["adapter", "import", folder, str(peft), str(tmp_path / "s")]) == 3
    assert "module 'classify': needs lora_A.weight and lora_B.weight" in said(capsys)
    assert not (tmp_path / "s").exists()
    save_file(
        {"base_model.model.classify.weight": np.ones((7, 48))}, peft / "adapter_model.safetensors"
    )
    assert _run(["adapter", "import", folder, str(peft), str(tmp_path / "s")]) == 6
    assert "has changed, and the program does not train it" in said(capsys)


def test_the_weights_of_pytorch_tell_what_an_exporter_has_folded(
    learnt: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from onnx import numpy_helper
    from safetensors.numpy import save_file

    from odl.adapt.files import read_base

    folder, state = map(str, learnt)
    weights, peft = tmp_path / "w.safetensors", tmp_path / "peft"
    arrays = {t.name: numpy_helper.to_array(t)
              for t in read_base(learnt[0]).graph.graph.initializer}  # fmt: skip
    doubled = np.ascontiguousarray(arrays["classify/weight"] / 2)
    save_file({"head.weight": doubled}, weights)
    files = ["adapter", "export", folder, state, str(peft), "--format", "peft"]
    assert _run([*files, "--weights", str(weights)]) == 2
    assert "has no layout in PEFT; merge it, or export it as it is" in said(capsys)
    save_file({"other.weight": doubled[:, :3].copy()}, weights)
    assert _run([*files, "--weights", str(weights)]) == 3
    assert f"{weights}: no tensor is 'classify/weight' or like it" in said(capsys)
    assert _run([*files, "--weights", str(tmp_path / "none")]) == 3
    assert "the weights file does not exist" in said(capsys)
    assert not peft.exists()


def test_freeze_writes_a_mask_that_training_obeys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, once, twice = tmp_path / "net.onnx", tmp_path / "once.onnx", tmp_path / "twice.onnx"
    onnx.save(conv_net(), path)
    assert _run(["freeze", str(path), "--layers", "den*", "-o", str(once)]) == 0
    assert capsys.readouterr().out == f"{once}: 2 parameters of 1 layers are frozen\n"
    assert _run(["analyze", str(once), "--train", "layers=dense"]) == 2
    assert "dense is frozen by the model's publisher" in capsys.readouterr().err
    assert _run(["freeze", str(once), "--layers", "conv,norm", "-o", str(twice)]) == 0
    assert "6 parameters of 3 layers" in capsys.readouterr().out
    assert _run(["analyze", str(twice), "--train", "full"]) == 2
    assert _run(["freeze", str(path), "--layers", "convv", "-o", str(twice)]) == 2
    assert "--layers convv covers no layer that learns; its layers: conv, norm" in (
        capsys.readouterr().err
    )


@pytest.fixture(scope="module")
def replaying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of the demonstration that rehearses."""
    folder = tmp_path_factory.mktemp("replay") / "b"
    options = ["--train", "last:1", "--strategy", "replay:size=4,source=2", "--source", str(DATA)]
    assert _run(["compile", str(MODEL), "-t", "host", *options, "-o", str(folder)]) == 0
    return folder


def test_a_stream_is_learnt_and_drawn(
    replaying: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(DATA) as stored:
        small = {k: stored[k][:28] for k in stored.files}
    np.savez(tmp_path / "s.npz", **small)
    svg, state = tmp_path / "c.svg", tmp_path / "s.safetensors"
    args = ["adapt", str(replaying), "--stream", str(tmp_path / "s.npz"), "--eval",
            f"all={tmp_path / 's.npz'}", "--tasks", "2", "--seed", "3"]  # fmt: skip
    capsys.readouterr()
    assert _run([*args, "--json", "--svg", str(svg), "--save", str(state)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steps"] == 2 * 28
    assert [m["task"] for m in told["marks"]] == ["", "s 1", "s 2"]
    assert set(told["forgotten"]) == {"all 1", "all 2"}
    assert "all 2" in svg.read_text()
    assert state.is_file()
    assert _run([*args, "--load", str(state), "--verify-steps", "1"]) == 0
    assert "forgotten" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--stream", "a=,b", "--eval", "x.npz"], 2, "is not NAME=FILE"),
        (["--stream", "x.npz", "--eval", "a=x.npz,a=y.npz"], 2, "with a name of its own"),
        (["--stream", "x.npz", "--eval", "y.npz", "--at", "0"], 2, "is not N,N,... from 1"),
        (["--stream", "none.npz", "--eval", "y.npz"], 3, "does not exist"),
    ],
)
def test_streams_that_are_none(
    replaying: Path, args: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(["adapt", str(replaying), *args]) == code
    assert words in said(capsys)
