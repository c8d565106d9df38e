"""Operators that move, select and resample: odd forms as C by ONNX Runtime, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from odl.compile import Compiled, Options, compile_graph
from odl.errors import ModelError, Unsupported
from tests.devices import CORES, Programs, host_programs
from tests.models import graph, model, runtime, samples

DEEP = "2,1,3,1,2,1,3,1,2"
"""Nine dimensions, of which five count."""

FORMS = {
    "slice of rank 9": f"(float[{DEEP}] x) => (float[?,?,?,?,?,?,?,?,?] y) "
    "<int64[3] s = {-1, 0, 5}, int64[3] e = {-9, 3, -9}, int64[3] a = {0, 2, 6}, "
    "int64[3] d = {-1, 2, -2}> { y = Slice (x, s, e, a, d) }",
    "tile of nine factors": "(float[2,3,2,3,2] x) => (float[?,?,?,?,?] y) "
    "<int64[5] n = {2, 3, 2, 3, 2}> { y = Tile (x, n) }",
    "pad of rank 9": f"(float[{DEEP}] x) => (float[?,?,?,?,?,?,?,?,?] y) "
    "<int64[18] p = {1,0,0,0,0,0,0,0,2, 0,0,1,0,0,0,0,0,0}> { y = Pad (x, p) }",
    "expand of a scalar": "(float x) => (float[?,?] y) <int64[2] s = {3, 5}> { y = Expand (x, s) }",
    "gather of a scalar index": "(float[3,4] x) => (float[?] y) <int64 i = {-1}> "
    "{ y = Gather <axis = 1> (x, i) }",
    "split with a part that nobody reads": "(float[7,2] x) => (float[?,?] y) "
    "<int64[3] n = {2, 4, 1}> { u, v, w = Split (x, n) y = Relu (w) }",
    "top-k of all, values only": "(float[5,9] x) => (float[?,?] y) <int64[1] k = {9}> "
    "{ y, i = TopK <axis = 1> (x, k) }",
    "top-k, indices only": "(float[5,9] x) => (int64[?,?] i) <int64[1] k = {2}> "
    "{ y, i = TopK <axis = 0, largest = 0> (x, k) }",
    "where with a scalar": "(float[3,1,4] x, float[3,5,1] z) => (float[?,?,?] y) "
    "<float zero = {0}> { c = Greater (x, zero) y = Where (c, x, z) }",
    "resize of channels-last images": "(float[1,5,7,3] x) => (float[?,?,?,?] y) "
    "<int64[2] s = {9, 4}> { y = Resize <mode = \"linear\", axes = [1, 2]> (x, , , s) }",
    "resize that changes nothing": "(float[1,2,5,7] x) => (float[?,?,?,?] y) "
    "<float[4] s = {1, 1, 1, 1}> { y = Resize <mode = \"linear\"> (x, , s) }",
    "resize by a scale that does not divide": "(float[1,1,5,7] x) => (float[?,?,?,?] y) "
    "<float[4] s = {1, 1, 0.6, 1.3}> "
    "{ y = Resize <mode = \"cubic\", cubic_coeff_a = -0.5> (x, , s) }",
    "einsum of an outer product and a sum": "(float[2,3] x, float[4,5] z) => (float[?,?] y) "
    "{ y = Einsum <equation = \"ab,cd->ac\"> (x, z) }",
}  # fmt: skip


def compiled(text: str, name: str = "g") -> Compiled:
    return compile_graph(graph(f"g {text}", 21), name, Options())


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    made = [compiled(text, f"form_{i}") for i, text in enumerate(FORMS.values())]
    return host_programs(made, tmp_path_factory.mktemp("forms"))


@pytest.mark.parametrize("number", range(len(FORMS)), ids=list(FORMS))
def test_odd_forms(programs: Programs, number: int) -> None:
    text = f"g {list(FORMS.values())[number]}"
    inputs = samples(model(text, 21))
    want = runtime(model(text, 21), inputs)
    for cores in range(1, CORES + 1):
        result = programs.run(number, inputs, cores)
        assert result.verdict is not None
        assert result.ok, result.verdict.diverged
        for got, value in zip(result.outputs.values(), want, strict=True):
            np.testing.assert_allclose(got[0], value, rtol=1e-5, atol=1e-6)


INDEXED = (
    "(float[3,2] x, int64[4] i, float[4,2] u) => (float[4,2] y, float[3,2] z) "
    "<int64[1] one = {1}> "
    '{ y = Gather (x, i) k = Unsqueeze (i, one) z = ScatterND <reduction = "add"> (x, k, u) }'
)


@pytest.mark.parametrize("bad", [3, -4, 1 << 40, -(1 << 63), (1 << 63) - 1])
def test_indices_out_of_range_touch_no_foreign_memory(
    tmp_path_factory: pytest.TempPathFactory, bad: int
) -> None:
    """The sanitizers watch the device; that the data are at fault is said in one line."""
    programs = host_programs([compiled(INDEXED)], tmp_path_factory.mktemp("indexed"))
    x, update = np.ones((3, 2), np.float32), np.ones((4, 2), np.float32)
    with pytest.raises(ModelError) as error:
        programs.run(0, {"x": x, "i": np.array([0, bad, 2, -1]), "u": update})
    assert str(error.value) == (
        f"Gather node 'node': ONNX defines no result for its inputs: index {bad} is out of bounds "
        "for axis 0 with size 3; other data"
    )


HALF = {
    "scatter": "(float16[4] x, float16[6] u) => (float16[4] y) <int64[6] i = {0, 3, 3, 1, 3, -1}> "
    '{ y = ScatterElements <reduction = "add"> (x, i, u) }',
    "running sum": "(float16[3,40] x) => (float16[3,40] y) <int64 a = {1}> { y = CumSum (x, a) }",
    "running product": "(float16[3,9] x) => (float16[3,9] y) <int64 a = {1}> "
    "{ y = CumProd <reverse = 1, exclusive = 1> (x, a) }",
    "resize": "(float16[1,2,5,7] x) => (float16[1,2,9,4] y) <int64[2] s = {9, 4}> "
    '{ y = Resize <mode = "cubic", axes = [2, 3]> (x, , , s) }',
    "conv transpose": "(float16[1,4,5,3] x, float16[4,2,3,2] w) => (float16[?,?,?,?] y) "
    "{ y = ConvTranspose <group = 2, strides = [2, 1]> (x, w) }",
    "top-k": "(float16[3,9] x) => (float16[3,4] y, int64[3,4] i) <int64[1] k = {4}> "
    "{ y, i = TopK (x, k) }",
}


@pytest.mark.parametrize("text", HALF.values(), ids=list(HALF))
def test_half_precision_is_within_its_bounds(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """ONNX Runtime has none of these on a CPU; the reference computes them in float64."""
    net = compile_graph(graph(f"g {text}"), "half", Options())
    programs = host_programs([net], tmp_path_factory.mktemp("half"))
    inputs = {k: v.astype(np.float16) for k, v in samples(model(f"g {text}")).items()}
    result = programs.run(0, inputs)
    assert result.verdict is not None
    assert result.ok, result.verdict.diverged


REFUSALS = {
    "(float[4] x, int64[1] s) => (float[?] y) <int64[1] e = {2}> { [n] y = Slice (x, s, e) }": (
        "Slice node 'n': input 1 is not a constant; make it an initializer of the model"
    ),
    "(float[4] x, int64[1] k) => (float[?] y, int64[?] i) { [n] y, i = TopK (x, k) }": (
        "TopK node 'n': input 1 is not a constant; make it an initializer of the model"
    ),
    "(float[4,3] x) => (int64[2,?] y) { [n] y = NonZero (x) }": (
        "NonZero node 'n': the shape of its output depends on the values of its inputs; "
        "memory is planned at compile time"
    ),
    "(float[4] x, bool[4] c) => (float[?] y) { [n] k = Compress (x, c) y = Relu (k) }": (
        "Compress node 'n': the shape of its output depends on the values of its inputs; "
        "memory is planned at compile time"
    ),
    "(float[2,4,3] x) => (float[?,?,?] y) "
    "{ [n] k = NonZero (x) z = Transpose (k) y = GatherND (x, z) }": (
        "NonZero node 'n': the shape of its output depends on the values of its inputs; "
        "memory is planned at compile time"
    ),
    "(float[4,3] x) => (float[2,3] y) <int64[2] i = {1, -5}> { [n] y = Gather (x, i) }": (
        "Gather node 'n': index -5 is outside an axis of 4"
    ),
    "(bool[4] x, int64[2] i, bool[2] u) => (bool[4] y) "
    '{ [n] y = ScatterElements <reduction = "max"> (x, i, u) }': (
        "ScatterElements node 'n': reduction 'max' of b8; supported: none"
    ),
    "(int32[1,1,4,4] x) => (int32[1,1,8,8] y) <int64[4] s = {1, 1, 8, 8}> "
    '{ [n] y = Resize <mode = "linear"> (x, , , s) }': (
        "Resize node 'n': mode 'linear' of i32; supported: nearest"
    ),
    "(float[2,2,2,2] x) => (float[4,4,4,4] y) <int64[4] s = {4, 4, 4, 4}> "
    '{ [n] y = Resize <mode = "linear"> (x, , , s) }': (
        "Resize node 'n': interpolation over 4 neighbouring axes; at most 3"
    ),
    "(float[1,2,3] q) => (float[?,?,?] y) "
    "{ [n] y = Attention <q_num_heads = 1, kv_num_heads = 1, softmax_precision = 11> (q, q, q) }": (
        "Attention node 'n': softmax_precision 11; supported: 1 (f32)"
    ),
    '(float[2,3] x) => (float[3] y) { [n] y = Einsum <equation = "...i->i"> (x) }': (
        "Einsum node 'n': equation '...i->i'; keep '...' in the output"
    ),
}  # fmt: skip


@pytest.mark.parametrize("body", REFUSALS, ids=lambda b: b.split("[n]")[1].strip(" }"))
def test_refused_in_one_line(body: str) -> None:
    with pytest.raises(Unsupported) as error:
        compile_graph(graph(f"g {body}"), "g", Options())
    assert str(error.value) == REFUSALS[body]
