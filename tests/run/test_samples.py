"""Data files: what fits is read, what does not is refused with what would."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from odl.dtype import F32, I8
from odl.errors import ModelError
from odl.project import Project, TensorInfo
from odl.run import samples
from odl.run.samples import Samples, read_samples
from odl.target import load

TWO = (
    TensorInfo("a", F32, (2, 3), "input", -1),
    TensorInfo("b", I8, (2, 1), "input", -1),
)
ONE = (TensorInfo("image", F32, (1, 4), "input", -1),)


def project(tensors: tuple[TensorInfo, ...]) -> Project:
    return Project(
        folder=Path(), name="n", source="n.onnx", target=load("host"), cores=1,
        model_hash=bytes(16), sources=(), arena_bytes=0, lower_bound=0, planner="greedy",
        constant_bytes=0, macs=0, inputs=tuple(t.name for t in tensors), outputs=(),
        tensors=tensors, steps=(),
    )  # fmt: skip


def refusal(path: Path, tensors: tuple[TensorInfo, ...] = ONE) -> str:
    with pytest.raises(ModelError) as error:
        read_samples(path, project(tensors))
    assert error.value.exit_code == 3
    return str(error.value).removeprefix(f"{path}: ")


def save(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "d.npz", **arrays)
    return folder / "d.npz"


def f32(*shape: int) -> Any:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize("name", ["image", "x"])
def test_one_input_by_its_name_or_as_x(tmp_path: Path, name: str) -> None:
    read = read_samples(save(tmp_path, **{name: f32(5, 4)}, y=np.arange(5)), project(ONE))
    assert len(read) == 5
    (inputs, labels), *_ = read
    np.testing.assert_array_equal(inputs["image"], f32(5, 4)[:1])
    assert labels is not None
    assert labels.tolist() == [0]


def test_an_array_file_holds_the_only_input(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", f32(5, 1, 4))
    read = read_samples(tmp_path / "d.npy", project(ONE), limit=3)
    assert read.inputs["image"].shape == (3, 1, 4)
    assert read.labels is None


def test_rows_make_batches_and_a_rest_is_left_out(tmp_path: Path) -> None:
    path = save(tmp_path, a=f32(5, 3), b=np.zeros((5, 1), np.int8), y=np.arange(5))
    read = read_samples(path, project(TWO))
    assert read.inputs["a"].shape == (2, 2, 3)
    assert read.labels is not None
    assert read.labels.tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"z": f32(5, 4)}, "no array for input 'image'; it has z"),
        (
            {"x": f32(5, 3)},
            "array 'image' has the shape [5, 3]; the input takes [1, 4] for one sample, "
            "with the samples as first axis",
        ),
        ({"x": f32(5, 4) * 1j}, "array 'x' does not hold samples of numbers"),
        ({"x": np.float32(3)}, "array 'x' does not hold samples of numbers"),
        ({"x": np.array(["a"])}, "array 'x' does not hold samples of numbers"),
        (
            {"x": f32(5, 4), "more": f32(1)},
            "array 'more' is no input of the model; inputs: image; labels: y",
        ),
        ({"x": f32(0, 4)}, "it holds no complete sample"),
        ({"x": f32(5, 4), "y": np.arange(4)}, "its arrays have different numbers of samples"),
        (
            {"x": f32(5, 4), "y": f32(5)},
            "the labels y are float32 of 1 axes; y holds one class number for each sample",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    assert refusal(save(tmp_path, **arrays)) == said


def test_a_type_that_would_be_cut_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, a=f32(4, 3), b=f32(4, 1))
    assert refusal(path, TWO) == "array 'b' holds float32; the input is i8"


def test_numbers_that_would_wrap_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, a=f32(4, 3), b=np.array([[0], [200], [3], [4]], np.uint8))
    assert refusal(path, TWO) == "array 'b' holds numbers that i8 does not"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.npz") == "the data file does not exist"


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert refusal(tmp_path / "d.npy").startswith("not a readable .npz or .npy file (")
    np.savez(tmp_path / "d.npz", x=np.array([print], dtype=object))
    assert refusal(tmp_path / "d.npz").startswith("not a readable .npz or .npy file (")


@pytest.mark.parametrize("cut", [0, 1, 7, 60, 200])
def test_a_cut_file_is_refused(tmp_path: Path, cut: int) -> None:
    whole = save(tmp_path, x=f32(50, 4)).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[:cut])
    assert refusal(tmp_path / "cut.npz").startswith("not a readable .npz or .npy file (")


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(tmp_path / "d.npz", x=np.zeros((100_000, 4), np.float32))
    monkeypatch.setattr(samples, "MAX_BYTES", 1 << 20)
    assert refusal(tmp_path / "d.npz") == "unpacks to more than 0 GiB"
    monkeypatch.setattr(samples, "MAX_BYTES", 100)
    assert refusal(tmp_path / "d.npz") == "larger than 0 GiB"


def test_samples_come_one_by_one() -> None:
    pairs = list(Samples({"a": f32(3, 2)}, None))
    assert len(pairs) == 3
    assert pairs[2][0]["a"].tolist() == [4, 5]
    assert pairs[2][1] is None


# --- damage ---

UNREADABLE = "not a readable .npz or .npy file"


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def header(words: bytes) -> bytes:
    """The beginning of an .npy that says anything."""
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(words) + 1) + words + b"\n"


def shaped(shape: str) -> bytes:
    return header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode())


def npz(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return out.getvalue()


def said_of(folder: Path, data: bytes) -> str:
    (folder / "data").write_bytes(data)
    return refusal(folder / "data")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "No data left in file"),
        (b"PK\3\4", "File is not a zip file"),
        (b"\x93NUMPY", "EOF: reading magic string, expected 8 bytes got 6"),
        (b"\x93NUMPY\1\0\xff\xff", "EOF: reading array header, expected 65535 bytes got 0"),
        (npy(f32(8, 4))[:-1], "mmap length is greater than file size"),
        (npz(x=npy(f32(8, 4))[:-1]), "EOF: reading array data, expected 128 bytes got 127"),
        (shaped("(-1, 4)"), "negative dimensions are not allowed"),
        (npz(x=shaped("(-1, 4)")), "negative dimensions are not allowed"),
        (shaped("'a'"), "shape is not valid: 'a'"),
        (shaped(f"({10**30}, 4)"), "Python int too large to convert to C long"),
        (npz(x=shaped(f"({10**30}, 4)")), "Python int too large to convert to C long"),
    ],
)
def test_damage_is_told(tmp_path: Path, data: bytes, said: str) -> None:
    assert said_of(tmp_path, data) == f"{UNREADABLE} ({said})"


@pytest.mark.parametrize("words", [b"(" * 9000, b"{'a': " * 500, b"'''", b"\xff" * 50, b"[]"])
def test_a_nonsensical_header_is_told(tmp_path: Path, words: bytes) -> None:
    for data in (header(words), npz(x=header(words))):
        assert said_of(tmp_path, data).startswith(f"{UNREADABLE} (")


def test_an_array_with_an_archive_behind_it_is_neither(tmp_path: Path) -> None:
    both = npy(f32(8, 4)) + npz(x=npy(f32(8, 4)))
    assert said_of(tmp_path, both).startswith(f"{UNREADABLE} (")
    members = npz(x=b"words, not numbers")
    assert said_of(tmp_path, members) == "array 'x' does not hold samples of numbers"


def test_objects_are_not_unpickled_to_see_what_they_are(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return open, (str(tmp_path / "sprung"), "w")

    out = io.BytesIO()
    np.save(out, np.array([Trap()], dtype=object), allow_pickle=True)
    pickle = out.getvalue()[out.getvalue().index(b"\n") + 1 :]
    for data in (out.getvalue(), npz(x=out.getvalue()), pickle):
        assert said_of(tmp_path, data).startswith(f"{UNREADABLE} (")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_any_damage_is_told_or_harmless(tmp_path: Path) -> None:
    """Compressed, so that deflate's own stream is damaged too. NumPy forgets to close the file."""
    rows = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    whole, told = npz(x=npy(rows), y=npy(np.arange(50))), 0
    for seed in range(1000):
        chance = random.Random(seed)
        data = bytearray(whole)
        for _ in range(chance.choice((1, 2, 5))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        (tmp_path / "data").write_bytes(data)
        try:
            read_samples(tmp_path / "data", project(ONE))
        except ModelError:
            told += 1
    assert told > 800


@pytest.mark.parametrize("kind", ["f8", "f2", "i8", "u1", "?", ">f4"])
def test_numbers_that_a_float_can_hold_are_taken(tmp_path: Path, kind: str) -> None:
    read = read_samples(save(tmp_path, x=np.eye(4, dtype=kind)), project(ONE))
    np.testing.assert_array_equal(read.inputs["image"][:, 0], np.eye(4))


def test_an_input_may_be_called_y(tmp_path: Path) -> None:
    named_y = (TensorInfo("y", F32, (1, 4), "input", -1),)
    read = read_samples(save(tmp_path, y=f32(5, 4)), project(named_y))
    assert read.labels is None
    assert read.inputs["y"].shape == (5, 1, 4)


def test_an_input_may_have_no_axes(tmp_path: Path) -> None:
    scalar = (TensorInfo("s", F32, (), "input", -1),)
    assert read_samples(save(tmp_path, x=f32(5)), project(scalar)).inputs["s"].shape == (5,)
