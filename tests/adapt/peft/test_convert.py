"""Adapters between odl and Hugging Face PEFT: same outputs, gradients, weights and starts."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file

from odl.adapt import registry
from odl.adapt.choose import Layer, choose
from odl.adapt.files import Base, merge
from odl.adapt.method import Adapter, Given
from odl.adapt.peft.convert import from_peft, to_peft
from odl.adapt.peft.folder import read_folder, write_folder
from odl.compile import Compiled
from odl.errors import IntegrityError, UsageError
from odl.plan.interpret import first_states
from odl.spec import Spec
from tests.adapt.layers import canonical
from tests.adapt.peft.network import GOLDEN, base_of, folder_of, golden, judged, network, program
from tests.firmware.hostcc import ROOT
from tests.models import Array, conv_net
from tests.train.steps import compiled, states_after, train

FITTING = {
    "lora": "lora:r=4,alpha=6,layers=conv*+lora:r=2,alpha=3,layers=grouped*"
            "+lora:r=3,alpha=5,layers=fc*+bias+last:1",
    "rslora": "lora:r=3,alpha=6,layers=conv*,fc*",
    "miss": "miss:r=3,layers=fc*,head*",
    "mini": "miss:r=2,layers=head*",
    "converted": "lora:r=4,alpha=6,layers=fc*,head*",
    "pissa": "pissa:r=2,alpha=3,layers=fc*,head*",
    "olora": "olora:r=2,alpha=3,layers=fc*,head*",
    "eva": "lora:r=2,layers=fc*",
}  # fmt: skip
"""Programs that can do what PEFT's adapters do."""


def imported(case: str, text: str) -> tuple[Compiled, Base, dict[str, Array]]:
    made = program(text)
    base, known = base_of(made)
    return made, base, from_peft(base, read_folder(folder_of(case)), known, case)


def begun(made: Compiled, learnt: dict[str, Array]) -> dict[str, Array]:
    first = first_states(made.program)
    assert set(learnt) <= set(first)
    return {**first, **learnt}


def sample() -> dict[str, Array]:
    base = golden("base")
    return {"x": base["x"], "label": base["label"].astype(np.int32)}


@pytest.mark.parametrize("case", FITTING)
def test_an_imported_adapter_computes_what_peft_computes(case: str) -> None:
    made, base, learnt = imported(case, FITTING[case])
    want = judged(case)["y"]
    seen = train(made, [sample()], begun(made, learnt))[0]
    np.testing.assert_allclose(seen[made.program.outputs[0]], want, rtol=2e-5, atol=2e-5)
    graph, _ = merge(base, learnt)
    (got,) = ReferenceEvaluator(graph).run(None, {"x": golden("base")["x"]})
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5)
    (plain,) = ReferenceEvaluator(network()).run(None, {"x": golden("base")["x"]})
    assert np.abs(plain - want).max() > 0.004


@pytest.mark.parametrize("case", [c for c in FITTING if c not in ("lora", "converted")])
def test_merged_weights_are_those_that_peft_merges(case: str) -> None:
    _, base, learnt = imported(case, FITTING[case])
    graph, changes = merge(base, learnt)
    merged = {t.name: numpy_helper.to_array(t) for t in graph.graph.initializer}
    for name in (c.name for c in changes):
        np.testing.assert_allclose(merged[name], judged(case)[f"merged/{name}"], atol=3e-6)
        assert np.abs(merged[name] - golden("base")[name]).max() > 0.01


PLACES = {"lora_B.weight": "left", "lora_A.weight": "right", "miss_block": "left"}


@pytest.mark.parametrize("case", ["lora", "miss"])
def test_gradients_are_those_of_peft(case: str) -> None:
    """One step of SGD with rate 1 takes them away from what was imported."""
    made, base, learnt = imported(case, FITTING[case])
    before = begun(made, learnt)
    after = states_after(made, train(made, [sample()], before)[0])
    linear = {r.weight: base.linear(r.weight) for r in base.records}
    places = {(r.weight.removesuffix(".weight"), role): (name, linear[r.weight])
              for r in base.records for role, name in r.factors.items()}  # fmt: skip
    compared = 0
    for key, want in judged(case).items():
        if not key.startswith("grad/"):
            continue
        module, _, part = key.removeprefix("grad/base_model.model.").partition(".")
        if part in PLACES:
            name, how = places[module, PLACES[part]]
            got = how.matrix(before[name].astype(np.float64) - after[name])
            if part == "lora_A.weight":  # rows of a group see its own channels alone
                want = want.reshape(how.groups, -1, how.groups, how.columns)
                want = np.einsum("grgc->grc", want)
            elif part == "lora_B.weight":
                want = want.reshape(how.groups, how.outputs, -1)
            else:
                want = want.T[None]
        else:
            name = f"{module}.{part.rpartition('.')[2]}"
            got = before[name].astype(np.float64) - after[name]
        np.testing.assert_allclose(got, want, atol=2e-6, err_msg=key)
        compared += np.abs(want).max() > 1e-4
    assert compared == {"lora": 11, "miss": 2}[case]


def test_gradients_of_a_residual_start_are_those_of_peft() -> None:
    """The factors are not unique: L dR + dL R is, for it is what W's gradient makes of them."""
    for case in ("pissa", "olora"):
        made, base, learnt = imported(case, FITTING[case])
        before = begun(made, learnt)
        after = states_after(made, train(made, [sample()], before)[0])
        tensors, grads = golden(f"{case}/adapter_model"), judged(case)
        for record in base.records:
            key = f"base_model.model.{record.weight.removesuffix('.weight')}"
            slopes = [grads[f"grad/{key}.{p}.weight"] for p in ("lora_B", "lora_A")]
            theirs = [tensors[f"{key}.{p}.weight"] for p in ("lora_B", "lora_A")]
            mine = [before[record.factors[k]].astype(np.float64) for k in ("left", "right")]
            moved = [mine[i] - after[record.factors[k]] for i, k in enumerate(("left", "right"))]
            # G R^T L^T, with G the gradient of the weight, does not ask how L R is cut in two
            want, got = slopes[0] @ theirs[0].T, moved[0] @ mine[0].T
            np.testing.assert_allclose(got, want, atol=5e-6)
            want, got = theirs[1].T @ slopes[1], mine[1].T @ moved[1]
            np.testing.assert_allclose(got, want, atol=5e-6)
            assert np.abs(want).max() > 1e-3


@pytest.mark.parametrize("case", ["pissa", "olora"])
def test_residual_starts_are_those_of_peft(case: str) -> None:
    """But for the signs, which decompositions leave open."""
    for layer in layers_of(f"{case}:r=2,alpha=3,layers=fc*,head*"):
        key = f"start/base_model.model.{layer.given.name.removesuffix('.weight')}"
        left, right = (judged(case)[f"{key}.{p}.weight"] for p in ("lora_B", "lora_A"))
        values = layer.chain.start(half=False)
        assert layer.chain.scale == 1.5
        np.testing.assert_allclose(np.abs(values["left"][0]), np.abs(left), atol=1e-6)
        np.testing.assert_allclose(np.abs(values["right"][0]), np.abs(right), atol=1e-6)
        np.testing.assert_allclose((values["left"] @ values["right"])[0], left @ right, atol=1e-6)


def layers_of(text: str) -> tuple[Layer, ...]:
    return choose(canonical(network()).graph, text).layers


def test_eva_starts_from_the_directions_that_peft_finds() -> None:
    seen, method = golden("base")["seen"].astype(np.float64), registry()["eva"]
    assert isinstance(method, Adapter)
    weight = golden("base")["fc.weight"].astype(np.float64)[None]
    spec, moments = Spec("--train", "eva", {"r": "2"}), (seen.T @ seen / len(seen))[None]
    chain = method.declare(Given("fc.weight", weight, 8, spec, 2, moments))
    right = chain.start(half=False)["right"][0]
    theirs = judged("eva")["start/base_model.model.fc.lora_A.weight"]
    np.testing.assert_allclose(np.abs(right @ theirs.T), np.eye(2), atol=1e-4)


def test_lora_starts_within_the_bounds_of_peft() -> None:
    text = "lora:r=4,layers=conv*+lora:r=3,layers=fc*"
    for layer in layers_of(text):
        key = f"start/base_model.model.{layer.given.name.removesuffix('.weight')}.lora_A.weight"
        values, bound = layer.chain.start(half=False), layer.linear.columns**-0.5
        for right in (values["right"], judged("lora")[key]):
            assert 0.8 * bound < np.abs(right).max() <= bound
            assert abs(right.std() - bound / 3**0.5) < 0.2 * bound
        assert not values["left"].any()


EXPORTED = {
    "lora": FITTING["lora"],
    "pissa": "pissa:r=2,alpha=3,layers=*",
    "olora": "olora:r=1,layers=*",
    "lora-fa": "lora-fa:r=2,alpha=3,layers=conv*,grouped*",
    "core": "core:r=2,layers=*",
    "paca": "paca:k=2,layers=*",
    "miss": "miss:r=3,layers=fc*,head*",
    "miss-windows": "miss:r=2,layers=*+bias",
    "whole": "lora:r=1,layers=fc*+full:layers=head*,conv*",
}


def moved(made: Compiled, base: Base) -> dict[str, Array]:
    """The states of a program that has learnt something."""
    rng = np.random.default_rng(3)
    first = {k: v for k, v in first_states(made.program).items() if k in base.learns}
    return {k: (v + rng.normal(0, 0.2, v.shape)).astype(np.float32) for k, v in first.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """All exports, each with what PEFT has said of it; with --slow, with what it says now."""
    folder = tmp_path_factory.mktemp("peft")
    for case, text in EXPORTED.items():
        base, known = base_of(program(text))
        made = folder / "exported" / case
        write_folder(made, to_peft(base, moved(program(text), base), known))
        if request.config.getoption("--update-golden"):
            shutil.copytree(made, GOLDEN / "exported" / case, dirs_exist_ok=True)
        shutil.copy(GOLDEN / "exported" / case / "judged.safetensors", made)
    if request.config.getoption("--slow"):
        shutil.copy(GOLDEN / "base.safetensors", folder)
        python = ROOT / ".judges/peft/bin/python"
        assert python.exists(), "run: make .judges/peft"
        command = [str(python), "-m", "tests.adapt.peft.judge", str(folder), "exported"]
        subprocess.run(command, cwd=ROOT, check=True, timeout=250)
    return folder / "exported"


@pytest.mark.parametrize("case", EXPORTED)
def test_peft_makes_of_an_export_what_the_program_does(case: str, written: Path) -> None:
    made, kept = program(EXPORTED[case]), GOLDEN / "exported" / case
    base, _ = base_of(made)
    texts = [(f / case / "adapter_config.json").read_text() for f in (written, kept.parent)]
    assert texts[0] == texts[1], "see pytest --update-golden, then make peft"
    files = (load_file(f / case / "adapter_model.safetensors") for f in (written, kept.parent))
    for (key, got), (other, want) in zip(*(sorted(f.items()) for f in files), strict=True):
        assert key == other
        np.testing.assert_allclose(got, want, atol=1e-6)
    theirs = load_file(written / case / "judged.safetensors")["y"]
    states = begun(made, moved(made, base))
    mine = train(made, [sample()], states)[0][made.program.outputs[0]]
    np.testing.assert_allclose(mine, theirs, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("case", ["lora", "miss", "converted"])
def test_what_was_imported_is_exported_as_it_was(case: str, tmp_path: Path) -> None:
    made, base, learnt = imported(case, FITTING[case])
    _, known = base_of(made)
    write_folder(tmp_path, to_peft(base, learnt, known))
    mine, theirs = (load_file(f / "adapter_model.safetensors") for f in (tmp_path, GOLDEN / case))
    assert set(mine) == set(theirs)
    for key, array in theirs.items():
        np.testing.assert_allclose(mine[key], array, atol=1e-6, err_msg=key)
    first, second = (read_folder(f).config for f in (tmp_path, GOLDEN / case))
    for module in ("conv", "grouped", "fc", "head")[: 3 if case == "lora" else 0]:
        assert first.scale_of(module) == second.scale_of(module)
        assert first.rank_of(module) == second.rank_of(module)


@pytest.mark.parametrize("case", EXPORTED)
def test_what_was_exported_is_imported_as_it_was(case: str, tmp_path: Path) -> None:
    made = program(EXPORTED[case])
    base, known = base_of(made)
    learnt = moved(made, base)
    write_folder(tmp_path, to_peft(base, learnt, known))
    back = from_peft(base, read_folder(tmp_path), known, "here")
    graphs = [merge(base, values)[0] for values in (learnt, back)]
    first, second = (
        {t.name: numpy_helper.to_array(t) for t in g.graph.initializer} for g in graphs
    )
    assert set(first) == set(second)
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, atol=3e-6, err_msg=name)


@pytest.mark.parametrize("text", ["peqa", "affine", "sparse", "lrec:r=2"])
def test_what_peft_has_no_place_for_is_not_exported(text: str) -> None:
    base, known = base_of(program(f"{text}{',' if ':' in text else ':'}layers=*"))
    with pytest.raises(UsageError, match=r"learns by '.*' has no layout in PEFT"):
        to_peft(base, {}, known)


@pytest.mark.parametrize(
    ("case", "text", "message"),
    [
        ("rslora", "lora:r=2,layers=conv*",
         "module 'fc': the program does not adapt it; it adapts 'conv'"),
        ("converted", "lora:r=3,layers=fc*,head*", "cannot make this change of rank 4"),
        ("pissa", "lora-fa:r=4,layers=fc*,head*", "'lora-fa' as it was compiled cannot make"),
        ("mini", "lrec:r=2,layers=head*", "'lrec' as it was compiled cannot make"),
        ("eva", "affine:layers=fc*", "'affine' as it was compiled cannot make"),
        ("lora", "lora:r=4,layers=*",
         "module 'head', weight: has changed, and the program does not train it"),
    ],
)  # fmt: skip
def test_a_program_that_cannot_do_the_same_says_so(case: str, text: str, message: str) -> None:
    with pytest.raises(IntegrityError) as error:
        imported(case, text)
    assert message in str(error.value)
    assert str(error.value).startswith(case)


def test_room_that_is_left_can_still_learn() -> None:
    """Of a rank that is smaller than the program's: no row and column are both zeros."""
    _, base, learnt = imported("eva", "lora:r=5,layers=fc*")
    (record,) = base.records
    left, right = (learnt[record.factors[k]] for k in ("left", "right"))
    assert not left[:, 2:].any()
    np.testing.assert_array_equal(right[2:], base.constants[record.factors["right"]][2:])
    assert np.abs(right[2:]).min() > 0


def test_folded_norms_are_unfolded_for_peft() -> None:
    """The adapter is that of the convolution that the model has, not of the compiled one."""
    made = compiled("lora:r=1+bias", conv_net())
    base, known = base_of(made)
    learnt = moved(made, base)
    adapter = to_peft(base, learnt, known)
    config, modules = adapter.config, adapter.modules
    assert {m: sorted(p) for m, p in modules.items()} == {
        "conv_w": ["lora_A.weight", "lora_B.weight"],
        "beta": ["bias"],
        "dense_w": ["base_layer.bias", "lora_A.weight", "lora_B.weight"],
    }
    (weight,) = [k for k, o in known.items() if o.module == "conv_w"]
    merged, _ = merge(base, learnt)
    now = {t.name: numpy_helper.to_array(t) for t in merged.graph.initializer}[weight]
    parts, origin = modules["conv_w"], known[weight]
    change = np.einsum("orxy,rcij->ocij", parts["lora_B.weight"], parts["lora_A.weight"])
    theirs = origin.first + config.scale_of("conv_w") * change
    np.testing.assert_allclose(theirs * origin.factor, now, atol=1e-6)
    assert np.abs(origin.factor - 1).min() > 0.01
    back = from_peft(base, adapter, known, "here")
    for name, array in learnt.items():
        np.testing.assert_allclose(back[name], array, atol=2e-6)


def test_a_start_of_another_rank_is_taken_at_its_word() -> None:
    """The base that a residual adapter lacks is made of the rank that its own file says."""
    adapter = read_folder(folder_of("pissa"))
    base, known = base_of(program("lora:r=4,layers=fc*,head*"))
    got, _ = merge(base, from_peft(base, adapter, known, "here"))
    for name in ("fc.weight", "head.weight"):
        merged = {t.name: numpy_helper.to_array(t) for t in got.graph.initializer}[name]
        np.testing.assert_allclose(merged, judged("pissa")[f"merged/{name}"], atol=3e-6)
    other = replace(adapter, config=replace(adapter.config, start=""))
    wrong, _ = merge(base, from_peft(base, other, known, "here"))
    merged = {t.name: numpy_helper.to_array(t) for t in wrong.graph.initializer}["fc.weight"]
    assert np.abs(merged - judged("pissa")["merged/fc.weight"]).max() > 0.1
