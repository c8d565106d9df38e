"""The verdict: each tensor by the bound of its own operator, on the device's own inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import parser

from odl.compile import Options, compile_graph
from odl.emit.project import write_project
from odl.errors import ModelError
from odl.plan.interpret import interpret
from odl.project import read
from odl.result import Check, Verdict
from odl.run.verify import Verifier
from tests.adapt.test_turns import OPTIONS, made, samples
from tests.models import graph

NET = """<ir_version: 8, opset_import: ["" : 17]>
g (float[1,1,4,4] x) => (int64[1,1] top, float[1,4] flat)
<float[1,1,1,1] w = {3}>
{ c = Conv (x, w)
  best = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (c)
  flat = Flatten (best)
  top = ArgMax <axis = 1> (flat) }"""

Seen = dict[str, Any]


@pytest.fixture
def judged(tmp_path: Path) -> tuple[Verifier, Seen, Seen]:
    """A judge, an input, and every tensor of a device that is right."""
    model = ir.serde.deserialize_model(parser.parse_model(NET))
    compiled = compile_graph(model, "g", Options())
    write_project(compiled.program, compiled.target, compiled.stages, tmp_path / "g", "g.onnx")
    x = {"x": np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4) / 8}
    listed = {t.name for t in compiled.program.listed}
    seen = {k: v.copy() for k, v in interpret(compiled.program, x).items() if k in listed}
    return Verifier(read(tmp_path / "g")), x, seen


def check(judged: tuple[Verifier, Seen, Seen], name: str) -> Check:
    verifier, x, seen = judged
    verifier.add(x, seen)
    return verifier.verdict.checks[name]


def test_what_is_right_passes(judged: tuple[Verifier, Seen, Seen]) -> None:
    verifier, x, seen = judged
    verifier.add(x, seen)
    verifier.add(x, seen)
    assert verifier.verdict.ok
    assert verifier.verdict.samples == 2
    assert all(c.ok and c.share <= 1 for c in verifier.verdict.checks.values())
    assert verifier.verdict.original < 1e-6


@pytest.mark.parametrize(("ulps", "ok"), [(1, True), (4, False)])
def test_the_bound_parts_right_from_wrong(
    judged: tuple[Verifier, Seen, Seen], ulps: int, ok: bool
) -> None:
    """A product and a bias that is not there: gamma_2 allows 2u, which is at most 2 ULP."""
    value = judged[2]["c"][0, 0, 3, 3]
    judged[2]["c"][0, 0, 3, 3] = value + ulps * np.spacing(value)
    found = check(judged, "c")
    assert found.ok is ok
    assert found.failed == (not ok)


def test_an_error_is_blamed_on_its_node_alone(judged: tuple[Verifier, Seen, Seen]) -> None:
    verifier, x, seen = judged
    seen["c"][...] *= 2
    for name in ("best", "flat"):
        seen[name][...] *= 2
    verifier.add(x, seen)
    assert verifier.verdict.first == (0, "c")
    assert verifier.verdict.diverged is not None
    assert verifier.verdict.diverged.op == "Conv"
    assert [c.name for c in verifier.verdict.checks.values() if not c.ok] == ["c"]
    assert verifier.verdict.checks["best"].drift > 1


def test_the_input_is_checked_too(judged: tuple[Verifier, Seen, Seen]) -> None:
    judged[2]["x"][0, 0, 0, 0] = 9
    assert check(judged, "x").failed == 1
    assert judged[0].verdict.first == (0, "x")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_wrong_where_the_reference_is(
    judged: tuple[Verifier, Seen, Seen], value: float
) -> None:
    judged[2]["c"][0, 0, 0, 0] = value
    found = check(judged, "c")
    assert not found.ok
    assert found.max_abs == np.inf


def test_nan_is_right_where_the_reference_has_it(judged: tuple[Verifier, Seen, Seen]) -> None:
    verifier, x, seen = judged
    x["x"][0, 0, 0, 0] = seen["x"][0, 0, 0, 0] = seen["c"][0, 0, 0, 0] = np.nan
    verifier.add(x, seen)
    assert verifier.verdict.checks["c"].ok


def test_ties_are_right_and_counted(judged: tuple[Verifier, Seen, Seen]) -> None:
    verifier, x, seen = judged
    x["x"][...] = 1
    seen["x"], seen["c"] = x["x"], np.full((1, 1, 4, 4), 3, np.float32)
    seen["best"] = np.full((1, 1, 2, 2), 3, np.float32)
    seen["flat"] = np.full((1, 4), 3, np.float32)
    seen["top"] = np.array([[2]])
    verifier.add(x, seen)
    assert verifier.verdict.ok
    assert verifier.verdict.checks["top"].ties == 1


def test_a_wrong_index_is_wrong(judged: tuple[Verifier, Seen, Seen]) -> None:
    judged[2]["top"] = np.array([[1]])
    assert not check(judged, "top").ok


def test_an_index_out_of_range_is_wrong(judged: tuple[Verifier, Seen, Seen]) -> None:
    judged[2]["top"] = np.array([[-7]])
    assert not check(judged, "top").ok


def test_a_damaged_graph_is_refused(judged: tuple[Verifier, Seen, Seen], tmp_path: Path) -> None:
    (tmp_path / "g/canonical.onnx").write_bytes(b"\x01\x02")
    with pytest.raises(Exception, match="the graph cannot be read") as error:
        Verifier(read(tmp_path / "g"))
    assert error.value.exit_code == 3


@pytest.mark.parametrize("stage", ["canonical.onnx", "imported.onnx"])
def test_a_graph_of_the_folder_reads_no_other_file(
    judged: tuple[Verifier, Seen, Seen], tmp_path: Path, stage: str
) -> None:
    path = tmp_path / "g" / stage
    proto = onnx.ModelProto.FromString(path.read_bytes())
    outside = proto.graph.initializer.add(name="w", data_type=1, dims=[1])
    outside.data_location = onnx.TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="program.txt")
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(ModelError, match="the graph cannot be read"):
        Verifier(read(tmp_path / "g"))


# --- numbers ---


class Judge:
    """The verdict on a small graph, for a device that is right but for what a test changes."""

    def __init__(self, folder: Path, text: str) -> None:
        compiled = compile_graph(graph(text), "m", Options())
        write_project(compiled.program, compiled.target, compiled.stages, folder / "m", "m.onnx")
        self.program, self.verifier = compiled.program, Verifier(read(folder / "m"))

    def __call__(self, inputs: Seen, **changed: Any) -> Verdict:
        listed = {t.name for t in self.program.listed}
        seen = {k: v for k, v in interpret(self.program, inputs).items() if k in listed}
        seen |= {k: np.asarray(v, seen[k].dtype).reshape(seen[k].shape) for k, v in changed.items()}
        self.verifier.add(inputs, seen)
        return self.verifier.verdict


def f32(*values: float) -> Any:
    return np.array(values, np.float32)


SQUARE = "m (float[2] x) => (float[2] y) { y = Mul (x, x) }"
CHAIN = """m (float[2] x) => (float[2] y, float[2] z)
{ a = Relu (x)  b = Sigmoid (a)  y = Tanh (b)  z = Add (a, b) }"""
TO_INT = "m (float[2] x) => (int64[2] y) { y = Cast <to = 7> (x) }"
INDICES = """m (float[1,1,4] x) => (float[1,1,2] y, int64[1,1,2] at)
{ y, at = MaxPool <kernel_shape = [2], strides = [2]> (x) }"""
BIG = 2**53
TINY = 2.0**-149


def test_a_rounding_is_judged_between_neighbours(tmp_path: Path) -> None:
    """u |y|, which is half an ULP to one: so the second nearest float may be right or wrong."""
    judge, failed, outcomes = Judge(tmp_path, SQUARE), 0, set()
    for x in np.random.default_rng(0).uniform(0.5, 2, 30).astype(np.float32):
        want = float(x) ** 2
        for steps in (-1, 0, 1):
            got = float(np.float32(want)) + steps * float(np.spacing(np.float32(want)))
            wrong = abs(got - want) > 2.0**-24 * want
            before, failed = failed, judge({"x": f32(x, 1)}, y=[got, 1]).checks["y"].failed
            assert failed - before == wrong
            outcomes.add((steps == 0, wrong))
    assert outcomes == {(True, False), (False, False), (False, True)}


@pytest.mark.parametrize(("got", "ok"), [(0, True), (1, True), (2, False), (-1, False)])
def test_results_below_the_smallest_float_may_go_either_way(
    tmp_path: Path, got: int, ok: bool
) -> None:
    x = 2.0**-75  # its square is half the smallest float
    assert judge_ok(tmp_path, f32(x, 1), [got * TINY, 1]) is ok


def judge_ok(folder: Path, x: Any, y: Any) -> bool:
    return Judge(folder, SQUARE)({"x": x}, y=y).ok


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("x", "got", "ok"),
    [
        (np.inf, np.inf, True),
        (np.inf, 1, False),
        (np.inf, np.nan, False),
        (np.inf, -np.inf, False),
        (1e30, np.inf, True),
        (1e30, 3.4e38, False),
        (np.nan, np.nan, True),
        (np.nan, 1, False),
        (np.nan, np.inf, False),
        (1, np.nan, False),
        (-0.0, -0.0, True),
    ],
)
def test_special_values_are_told_apart_in_silence(
    tmp_path: Path, x: float, got: float, ok: bool
) -> None:
    assert judge_ok(tmp_path, f32(x, 1), [got, 1]) is ok


@pytest.mark.parametrize("by", [1, -1])
def test_integers_are_exact_where_float64_is_not(tmp_path: Path, by: int) -> None:
    judge, x = Judge(tmp_path, TO_INT), f32(BIG, -BIG)
    assert judge({"x": x}, y=[BIG, -BIG]).ok
    verdict = judge({"x": x}, y=[BIG, -BIG + by])
    assert verdict.first == (1, "y")
    assert verdict.checks["y"].failed == 1
    assert verdict.checks["y"].max_abs == 1


@pytest.mark.parametrize(
    ("at", "ties", "failed"),
    [
        ([0, 3], 0, 0),
        ([1, 3], 1, 0),
        ([0, 2], 0, 1),  # its value is smaller
        ([3, 3], 0, 1),  # the same value, but in the other window
        ([-1, 3], 0, 1),
        ([4, 3], 0, 1),
    ],
)
def test_an_index_may_be_another_of_the_same_value(
    tmp_path: Path, at: list[int], ties: int, failed: int
) -> None:
    verdict = Judge(tmp_path, INDICES)({"x": f32(5, 5, 1, 5).reshape(1, 1, 4)}, at=at)
    assert verdict.checks["y"].ok
    assert (verdict.checks["at"].ties, verdict.checks["at"].failed) == (ties, failed)


def test_the_first_divergence_is_the_earliest(tmp_path: Path) -> None:
    judge, x = Judge(tmp_path, CHAIN), {"x": f32(1, 2)}
    assert judge(x).first is None
    assert judge(x, z=[9, 9], b=[9, 9]).first == (1, "b")
    assert judge(x, a=[9, 9]).first == (1, "b")
    checks = judge.verifier.verdict.checks
    assert [c.name for c in checks.values() if not c.ok] == ["a", "b", "y", "z"]


def test_samples_add_up_and_the_worst_stays(tmp_path: Path) -> None:
    judge, x = Judge(tmp_path, SQUARE), {"x": f32(1, 2)}
    for y in ([1, 4], [1.5, 8], [1.25, 4]):
        verdict = judge(x, y=y)
    check = verdict.checks["y"]
    assert verdict.samples == 3
    assert (check.failed, check.max_abs, check.drift) == (3, 4, 4)
    assert check.max_ulp == 4 / 2.0**-21
    assert check.share == pytest.approx(4 / (2.0**-24 * 4), rel=1e-5)
    assert check.bound == pytest.approx(2.0**-24 * 4, rel=1e-5)
    assert verdict.original == 4


def test_what_was_left_out_is_not_judged_but_its_condition_is(tmp_path: Path) -> None:
    net, feed = made(OPTIONS[0]), samples(1)[0]
    write_project(net.program, net.target, net.stages, tmp_path / "net", "net.onnx")
    project, plain = read(tmp_path / "net"), interpret(net.program, feed)
    left_out = [t for t in net.program.listed if t.name not in plain]
    assert len(left_out) > 10
    seen = {t.name: plain.get(t.name, np.full(t.shape, 77, t.dtype.numpy))
            for t in net.program.listed}  # fmt: skip
    verifier = Verifier(project)
    verifier.add(feed, seen)
    assert verifier.verdict.ok, verifier.verdict.first
    off = next(n for n in dict.fromkeys(net.program.conditions.values()) if not seen[n])
    verifier.add(feed, {**seen, off: np.array(True)})
    wrong = [c.name for c in verifier.verdict.checks.values() if not c.ok]
    assert off in wrong
    assert any(net.program.conditions.get(name) == off for name in wrong)
