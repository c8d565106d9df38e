"""TFLite files that are damaged, hostile or beyond what odl reads: one line, at once."""

from __future__ import annotations

import importlib.util
import os
import random
from pathlib import Path

import numpy as np
import pytest
import tflite

from odl.cli import _run
from odl.compile import Options, compile_model, compile_to
from odl.errors import OdlError, UsageError
from odl.frontend import tflite_schema
from odl.plan.interpret import interpret
from tests.frontend.test_hostile_names import HOSTILE, is_clean_c
from tests.frontend.tflite_cases import CASES
from tests.frontend.tflite_models import (
    Op,
    Spec,
    bias,
    const,
    feeds,
    ints,
    litert,
    net,
    op,
    real,
    state,
    stored,
    weights,
)
from tests.models import refusal

INVALID = "model.tflite: not a valid TFLite model: "
CUT = INVALID + "an offset leaves the file"
PLAIN = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}


def said(data: bytes, folder: Path) -> str:
    path = folder / "model.tflite"
    path.write_bytes(data)
    return refusal(path)


@pytest.mark.parametrize("root", [0, 4, 8, 24, 0xFFFFFFFF])
def test_a_file_of_eight_bytes(tmp_path: Path, root: int) -> None:
    text = said(root.to_bytes(4, "little") + b"TFL3", tmp_path)
    assert text.startswith((INVALID, "model: schema version 0; 3 is read"))


def test_a_root_behind_the_end_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"\x18\x00\x00\x00TFL3")
    assert _run(["compile", str(path), "-o", str(tmp_path / "out")]) == 3
    assert capfd.readouterr() == ("", f"odl: {CUT}\n")
    assert os.listdir(tmp_path) == ["model.tflite"]


@pytest.mark.parametrize("eighths", range(1, 8))
def test_a_file_that_is_cut_short(tmp_path: Path, eighths: int) -> None:
    data = CASES["fully connected rows"]
    text = said(data[: len(data) * eighths // 8], tmp_path)
    assert text.startswith(INVALID)


def test_damaged_files_are_refused_or_mean_something(tmp_path: Path) -> None:
    """Whatever four bytes are changed to, there is one line or a program."""
    rng, path = random.Random(3), tmp_path / "model.tflite"
    values = [0, 1, 2, 4, 0xFF, 0x10000, 1 << 28, 0x7FFFFFFF, 0xFFFFFFFF]
    names, refused = sorted(CASES), []
    for _ in range(1500):
        data = bytearray(CASES[rng.choice(names)])
        at = rng.randrange(len(data) // 4) * 4
        data[at : at + 4] = rng.choice(values).to_bytes(4, "little")
        path.write_bytes(bytes(data))
        try:
            compile_model(path, Options())
        except OdlError as e:
            refused.append(e)
    assert 0 < len(refused) < 1500
    assert {e.exit_code for e in refused} == {3}
    assert all(str(e).isprintable() for e in refused)


def _relu(x: Spec, y: Spec) -> Op:
    return op("RELU", [x, y] if x is y else [x], y)


X, Y = real(2, 3), real(2, 3)
CONV = (real(1, 4, 4, 2), weights((3, 3, 3, 2)), bias(3))


def _conv(**fields: int) -> bytes:
    y = real(1, 4, 4, 3)
    return net(op("CONV_2D", list(CONV), y, "Conv2DOptions", **{**PLAIN, **fields}))


def _lstm(steps: int, **fields: float) -> bytes:
    gates = [weights(s, seed=i) for s in ((4, 3), (4, 4)) for i in range(4)]
    biases = [weights((4,)) for _ in range(4)]
    operands = [real(1, steps, 3), *gates, None, None, None, *biases, None, None, state(1, 4),
                state(1, 4)]  # fmt: skip
    given = {"FusedActivationFunction": 4, **fields}
    kind = "UnidirectionalSequenceLSTM"
    return net(
        op("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, real(1, steps, 4), f"{kind}Options", **given)
    )


CONCAT = "ConcatenationOptions"
PADDING = const([[1, 1], [0, 0]], "int32")
RESHAPED = "RESHAPE operator of tensor 't1': "
REFUSALS = {
    "unknown operator": (
        net(op("TOPK_V2", [X], Y)),
        "TOPK_V2 operator of tensor 't1': this operator is not supported",
    ),
    "near operator": (
        net(op("SPLIT", [const(0, "int32"), X], Y, "SplitOptions"), op("REDUCE_ANY", [Y], real())),
        "REDUCE_ANY operator of tensor 't3': this operator is not supported; nearest: REDUCE_MIN",
    ),
    "custom operator": (
        net(op("CUSTOM", [X], Y)), "operator 0: the custom operator '' is not supported"
    ),
    "element type": (
        net(op("RELU", [Spec((2,), "int16")], Spec((2,), "int16"))),
        "tensor 't0': elements of INT16; supported: FLOAT, FLOAT16, INT8, UINT8, INT32, INT64, "
        "BOOL",
    ),
    "no outputs": (
        net(Op("RELU", [X], [])), "RELU operator 0: it has no outputs"
    ),
    "written twice": (
        net(op("RELU", [X], Y), op("ABS", [X], Y)),
        "tensor 't1': it is written twice, or is no result of an operator",
    ),
    "read before": (
        net(op("RELU", [Y], real(2, 3)), op("ABS", [X], Y)),
        "tensor 't0': it is read before it is computed",
    ),
    "an input twice": (
        net(op("RELU", [X], Y), inputs=[X, X]), "t0: this input is one twice, or a constant"
    ),
    "an input is absent": (
        net(op("ADD", [X, None], Y, "AddOptions")),
        "ADD operator of tensor 't1': input 1 is missing",
    ),
    "data of another size": (
        net(op("ADD", [X, Spec((2, 3), data=np.zeros(5, np.float32))], Y, "AddOptions")),
        "tensor 't1': its data are 20 bytes, not those of [2, 3] FLOAT",
    ),
    "a negative dimension": (
        net(op("RELU", [Spec((2, -3))], Y)),
        "tensor 't0': the shape [2, -3] has no size that is read",
    ),
    "a huge shape": (
        net(op("RELU", [Spec((1 << 20, 1 << 20))], Y)),
        "tensor 't0': the shape [1048576, 1048576] has no size that is read",
    ),
    "scales": (
        net(op("DEQUANTIZE", [Spec((2, 3), "int8", scale=(1, 2), zero=(0, 0), axis=1)], Y)),
        "tensor 't0': 2 scales do not fit axis 1 of [2, 3]",
    ),
    "a scale of zero": (
        net(op("DEQUANTIZE", [stored(2, 3, scale=0)], Y)),
        "tensor 't0': a scale is not a positive number",
    ),
    "a zero point": (
        net(op("DEQUANTIZE", [stored(2, 3, zero=200)], Y)),
        "tensor 't0': a zero point is outside INT8",
    ),
    "zero points": (
        net(op("DEQUANTIZE", [Spec((2, 3), "int8", scale=(1,), zero=(0, 0))], Y)),
        "tensor 't0': 2 zero points for 1 scales",
    ),
    "a result with a scale for each channel": (
        net(op("QUANTIZE", [X], Spec((2, 3), "int8", scale=(1, 2, 3), zero=(0, 0, 0), axis=1))),
        "QUANTIZE operator of tensor 't1': its result has a scale for each channel",
    ),
    "foreign options": (
        net(op("ADD", [X, X], Y, "PadOptions")),
        "ADD operator of tensor 't1': its options are PadOptions, not AddOptions",
    ),
    "activation": (
        net(op("ADD", [X, X], Y, "AddOptions", FusedActivationFunction=5)),
        "ADD operator of tensor 't1': fused activation 5; supported: relu, relu6, tanh",
    ),
    "strides of zero": (
        _conv(StrideH=0),
        "CONV_2D operator of tensor 't3': kernel (3, 3), strides [0, 1], dilations [1, 1]",
    ),
    "padding": (_conv(Padding=7), "CONV_2D operator of tensor 't3': padding 7"),
    "a rank": (
        net(op("CONV_2D", [X, *CONV[1:]], Y, "Conv2DOptions", **PLAIN)),
        "CONV_2D operator of tensor 't3': input 0 has the shape [2, 3], not one of rank 4",
    ),
    "an axis": (
        net(op("CONCATENATION", [X, X], real(2, 6), CONCAT, Axis=2)),
        "CONCATENATION operator of tensor 't1': axis 2 is outside rank 2",
    ),
    "shapes that contradict each other": (
        net(op("CONCATENATION", [X, X], real(2, 7), CONCAT, Axis=1)),
        INVALID + "[ShapeInferenceError] Inference error(s): (op_type:Concat, node name: t1): "
        "[ShapeInferenceError] Inferred shape and existing shape differ in dimension 1: (6) vs "
        "(7)",
    ),
    "a shape that does not fit": (
        net(op("RESHAPE", [X], real(7))), RESHAPED + "[2, 3] cannot become [7]"
    ),
    "no permutation": (
        net(op("TRANSPOSE", [X, ints(0, 0)], Y)),
        "TRANSPOSE operator of tensor 't2': [0, 0] is no permutation of rank 2",
    ),
    "an operand that is computed": (
        net(op("PAD", [X, Spec((2, 2), "int32")], real(4, 3))),
        "PAD operator of tensor 't2': the padding is not a constant",
    ),
    "a clipped cell": (
        _lstm(513, CellClip=10.0),
        "UNIDIRECTIONAL_SEQUENCE_LSTM operator of tensor 't15': a clipped cell over 513 steps; "
        "supported: at most 512",
    ),
    "a clip that is no number": (
        _lstm(20, CellClip=float("nan")),
        "UNIDIRECTIONAL_SEQUENCE_LSTM operator of tensor 't15': option CellClip is nan",
    ),
    "mirrored": (
        net(op("MIRROR_PAD", [X, PADDING], real(4, 3), "MirrorPadOptions", Mode=1)),
        "MIRROR_PAD operator of tensor 't2': mode SYMMETRIC; supported: REFLECT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused(tmp_path: Path, name: str) -> None:
    data, text = REFUSALS[name]
    assert said(data, tmp_path) == text


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("NODES", "model: more than 1 operator codes"),
        ("TENSORS", "model: more than 1 tensors"),
        ("OPERANDS", "operator 0: more than 1 entries of Inputs"),
        ("TEXT_BYTES", "name of tensor 0: longer than 4096 bytes, or all names than 1"),
        ("FILE_BYTES", "model: constants of more than 1 bytes"),
        ("RANK", "tensor 't0': more than 1 entries of Shape"),
    ],
)
def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, text: str) -> None:
    data = net(op("ADD", [X, weights((2, 3))], Y, "AddOptions"), op("ABS", [Y], real(2, 3)))
    monkeypatch.setattr(tflite_schema, limit, 1)
    assert said(data, tmp_path) == text


def test_a_long_name_is_refused(tmp_path: Path) -> None:
    data = net(op("RELU", [real(2, name="n" * 4097)], real(2)))
    text = f"name of tensor 0: longer than 4096 bytes, or all names than {16 << 20}"
    assert said(data, tmp_path) == text


def test_control_flow_is_refused(tmp_path: Path) -> None:
    """A file of two graphs: the vector of graphs claims a second one, which is the first."""
    data = net(op("RELU", [X], Y))
    vector = tflite.Model.GetRootAs(data, 0)._tab
    start = vector.Vector(vector.Offset(8)) - 4
    assert data[start] == 1
    two = data[:start] + b"\x02" + data[start + 1 :]
    text = "model: 2 subgraphs; one is read; export it without control flow"
    assert said(two, tmp_path) == text


def test_without_the_package_the_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(CASES["RELU"])
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tflite" else find(name)
    )
    with pytest.raises(UsageError) as error:
        compile_model(path, Options())
    assert str(error.value) == (
        "model.tflite: TFLite models need the tflite package; pip install 'odl-mcu[tflite]'"
    )


@pytest.mark.parametrize("kind", HOSTILE)
def test_any_name_compiles_to_clean_c_and_means_the_same(tmp_path: Path, kind: str) -> None:
    """All tensors have the same name; what is made for them has names of its own."""
    name = HOSTILE[kind][:4000]
    x, y, w, b = real(2, 5, name=name), real(2, 4, name=name), weights((4, 5)), bias(4)
    w.name = b.name = name.encode() + b"\xff"
    data = net(op("FULLY_CONNECTED", [x, w, b], y, "FullyConnectedOptions"))
    path = tmp_path / "net.tflite"
    path.write_bytes(data)
    compiled = compile_to(path, tmp_path / "out", Options())
    is_clean_c(tmp_path / "out")
    inputs, program = feeds(data), compiled.program
    got = interpret(program, {program.inputs[0]: inputs[0]})[program.outputs[0]]
    np.testing.assert_allclose(got, litert(data, inputs)[0], rtol=1e-5, atol=1e-5)


def test_names_survive(tmp_path: Path) -> None:
    x, h, y = (real(1, 4, 4, 2, name=n) for n in ("image", "features", "scores"))
    w = weights((2, 3, 3, 2))
    w.name = "kernel"
    path = tmp_path / "net.tflite"
    conv = op("CONV_2D", [x, w, bias(2)], h, "Conv2DOptions", FusedActivationFunction=1, **PLAIN)
    path.write_bytes(net(conv, op("LOGISTIC", [h], y)))
    program = compile_model(path, Options()).program
    assert {"image", "features", "scores", "kernel"} <= {t.name for t in program.tensors}
    assert (program.inputs, program.outputs) == (("image",), ("scores",))
