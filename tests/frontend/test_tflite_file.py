"""TFLite models: what odl makes of each operator means what LiteRT computes, to the C."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from odl.compile import Compiled, Options, canonicalise, compile_model
from odl.errors import Unsupported
from odl.frontend.onnx_file import OPSET
from odl.frontend.tflite_file import read_tflite
from tests.devices import Programs, host_programs
from tests.frontend.tflite_cases import CASES
from tests.frontend.tflite_models import by_runtime, feeds, litert

TOLERANCE = 1e-5
"""Two float implementations of sums of at most 100 products of numbers below 2."""


def imported(data: bytes, folder: Path) -> ir.Model:
    path = folder / "model.tflite"
    path.write_bytes(data)
    return read_tflite(path)


def same(got: list[np.ndarray], want: list[np.ndarray]) -> None:
    assert [v.shape for v in got] == [v.shape for v in want]
    for a, b in zip(got, want, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("name", CASES)
def test_the_imported_graph_computes_what_litert_does(tmp_path: Path, name: str) -> None:
    model = imported(CASES[name], tmp_path)
    net = ir.serde.serialize_model(model)
    onnx.checker.check_model(net, full_check=True)
    assert model.opset_imports == {"": OPSET}
    inputs = feeds(CASES[name])
    want = litert(CASES[name], inputs)
    same(by_runtime(net, inputs), want)
    canonical = canonicalise(model, Options())[0]["canonical"]
    same(by_runtime(canonical, inputs), want)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Programs]:
    """The generated C of every case whose operators have kernels, in one host program."""
    folder = tmp_path_factory.mktemp("tflite")
    made: dict[str, Compiled] = {}
    for i, (name, data) in enumerate(CASES.items()):
        path = folder / f"case{i}.tflite"
        path.write_bytes(data)
        with suppress(Unsupported):
            made[name] = compile_model(path, Options(target="host"))
    return list(made), host_programs(list(made.values()), folder)


def test_what_has_kernels_runs_as_c(programs: tuple[list[str], Programs]) -> None:
    """Every tensor within its bound, and the outputs those of LiteRT."""
    names, host = programs
    assert len(names) >= 100
    for i, name in enumerate(names):
        data, graph = CASES[name], host.projects[i]
        inputs = feeds(data)
        result = host.run(i, dict(zip(graph.inputs, inputs, strict=True)))
        assert result.verdict is not None
        assert result.ok, name
        got = [result.outputs[n][0] for n in graph.outputs]
        same(got, litert(data, inputs))
