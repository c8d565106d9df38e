"""The verdict: each tensor by the bound of its own operator, on the device's own inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from onnx import parser

from odl.compile import Options, compile_graph
from odl.emit.project import write_project
from odl.plan.interpret import interpret
from odl.project import read
from odl.result import Check
from odl.run.verify import Verifier

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
