"""External tensor data: plain files beside the model are read, everything else is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from odl.compile import Options, compile_model
from odl.frontend import external_data
from tests.models import model, one_node, refusal, write

WEIGHTS = np.arange(4, dtype=np.float32)
ADVICE = "; keep external data in plain files beside the model"
OUTSIDE = f"tensor 'w': external data outside the model's folder{ADVICE}"
LINK = f"tensor 'w': external data behind a symbolic link{ADVICE}"
NOT_PLAIN = f"tensor 'w': external data is no plain, unlinked file{ADVICE}"
MALFORMED = "tensor 'w': malformed reference to external data"
NO_NUMBER = "tensor 'w': offset or length of external data is not a number"


def external(**entries: str) -> onnx.ModelProto:
    """y = x + w, where w is what the entries say."""
    net = model("g (float[4] x) => (float[4] y) { y = Add (x, w) }")
    net.graph.initializer.append(tensor("w", **entries))
    return net


def tensor(name: str, **entries: str) -> TensorProto:
    made = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4])
    made.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        made.external_data.add(key=key, value=value)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The model's folder; weights stand in it and outside it."""
    inside = tmp_path / "folder"
    (inside / "deeper").mkdir(parents=True)
    for place in (tmp_path, inside, inside / "deeper"):
        (place / "weights.bin").write_bytes(bytes(8) + WEIGHTS.tobytes())
    return inside


@pytest.mark.parametrize("location", ["weights.bin", "deeper/weights.bin", "./weights.bin"])
@pytest.mark.parametrize("length", [{"length": "16"}, {}])
def test_a_file_beside_the_model_is_read(
    folder: Path, location: str, length: dict[str, str]
) -> None:
    net = external(location=location, offset="8", **length)
    program = compile_model(write(net, folder), Options()).program
    np.testing.assert_array_equal(program.tensor["w"].data, WEIGHTS)


def test_the_model_may_be_named_from_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(external(location="weights.bin", offset="8"), folder)
    monkeypatch.chdir(folder.parent)
    (folder.parent / "weights.bin").unlink()
    program = compile_model(Path("folder/model.onnx"), Options()).program
    np.testing.assert_array_equal(program.tensor["w"].data, WEIGHTS)


@pytest.mark.parametrize(
    "location", ["../weights.bin", "deeper/../../weights.bin", "/etc/passwd", "", "a\0b", ".."]
)
def test_other_folders_are_refused(folder: Path, location: str) -> None:
    assert refusal(write(external(location=location), folder)) == OUTSIDE


def test_an_attribute_is_no_way_out(folder: Path) -> None:
    constant = helper.make_node("Constant", [], ["y"], value=tensor("w", location="/etc/passwd"))
    assert refusal(write(one_node(constant, [4]), folder)) == OUTSIDE


def test_links_are_refused(folder: Path) -> None:
    (folder / "soft.bin").symlink_to(folder / "weights.bin")
    (folder / "way").symlink_to(folder.parent, target_is_directory=True)
    assert refusal(write(external(location="soft.bin"), folder)) == LINK
    assert refusal(write(external(location="way/weights.bin"), folder)) == LINK
    os.link(folder.parent / "weights.bin", folder / "hard.bin")
    assert refusal(write(external(location="hard.bin"), folder)) == NOT_PLAIN


def test_what_is_no_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert refusal(write(external(location="pipe"), folder)) == NOT_PLAIN
    assert refusal(write(external(location="deeper"), folder)) == NOT_PLAIN
    text = f"tensor 'w': external data: No such file or directory{ADVICE}"
    assert refusal(write(external(location="missing.bin"), folder)) == text
    text = f"tensor 'w': external data: File name too long{ADVICE}"
    assert refusal(write(external(location="n" * 300), folder)) == text


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({"offset": "8", "length": "17"}, "external data ends at byte 24, not 25"),
        ({"offset": "9", "length": "16"}, "external data ends at byte 24, not 25"),
        ({"offset": "25"}, "external data ends at byte 24, not 25"),
        ({"length": "999999999999999"}, "external data ends at byte 24, not 999999999999999"),
        ({"offset": "12"}, "its data does not fit its type and shape"),
        ({"offset": "4"}, "its data does not fit its type and shape"),
    ],
)
def test_data_of_another_size_is_refused(folder: Path, entries: dict[str, str], text: str) -> None:
    said = refusal(write(external(location="weights.bin", **entries), folder))
    short = "model.onnx: not a valid ONNX model: TensorProto (tensor name: w) raw_data size (12 "
    short += "bytes) is too small for the declared shape and type (16 bytes required)."
    assert said in (f"tensor 'w': {text}", short)


@pytest.mark.parametrize("number", ["-1", "+1", "1e3", "0x10", "", " 1", "²", "9" * 16, "1\x1b"])
@pytest.mark.parametrize("key", ["offset", "length"])
def test_what_is_no_number_is_refused(folder: Path, key: str, number: str) -> None:
    net = external(location="weights.bin", **{key: number})
    assert refusal(write(net, folder)) == NO_NUMBER


@pytest.mark.parametrize(
    "key", ["__class__", "__dict__", "basepath2", "load", "", "Location", "location\0", "\x1b[2J"]
)
def test_a_key_is_no_name_of_something_else(folder: Path, key: str) -> None:
    """Readers that set attributes by these keys could be made to set any."""
    net = external(location="weights.bin", offset="8")
    net.graph.initializer[0].external_data.add(key=key, value="/etc/passwd")
    assert refusal(write(net, folder)) == MALFORMED


def test_the_last_of_two_locations_is_no_way_out(folder: Path) -> None:
    for first, second in [("weights.bin", "/etc/passwd"), ("/etc/passwd", "weights.bin")]:
        net = external(location=first, offset="8")
        net.graph.initializer[0].external_data.add(key="location", value=second)
        assert refusal(write(net, folder)) == MALFORMED


def test_a_location_that_is_not_utf8_is_refused(folder: Path) -> None:
    path = write(external(location="weights.bin", offset="8"), folder)
    path.write_bytes(path.read_bytes().replace(b"weights.bin", b"\xff\xfeights.bin"))
    assert refusal(path) == "tensor 'w': malformed reference to external data"


@pytest.mark.parametrize("number", [2**40, 2**49])
def test_petabytes_are_refused(folder: Path, number: int) -> None:
    for entries in ({"length": str(number)}, {"offset": str(number)}):
        said = refusal(write(external(location="weights.bin", **entries), folder))
        assert said.startswith("tensor 'w': external data ends at byte 24, not ")


def test_a_tensor_in_a_function_is_no_way_out(folder: Path) -> None:
    net = external(location="weights.bin", offset="8")
    constant = helper.make_node("Constant", [], ["b"], value=tensor("v", location="../weights.bin"))
    opsets = [helper.make_opsetid("", 21)]
    net.functions.append(helper.make_function("mine", "f", ["a"], ["b"], [constant], opsets))
    net.opset_import.append(helper.make_opsetid("mine", 1))
    assert refusal(write(net, folder)) == OUTSIDE.replace("'w'", "'v'")


def test_malformed_references_are_refused(folder: Path) -> None:
    assert refusal(write(external(offset="0"), folder)) == MALFORMED
    assert refusal(write(external(location="weights.bin", extra="1"), folder)) == MALFORMED


def test_all_tensors_together_are_limited(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = external(location="weights.bin", offset="8")
    net.graph.initializer.append(tensor("v", location="weights.bin", offset="8"))
    monkeypatch.setattr(external_data, "FILE_BYTES", 32)
    compile_model(write(net, folder), Options())
    monkeypatch.setattr(external_data, "FILE_BYTES", 31)
    text = "tensor 'v': external data of more than 31 bytes"
    assert refusal(write(net, folder)) == text


def test_a_file_of_holes_is_not_read(folder: Path) -> None:
    with (folder / "holes.bin").open("wb") as file:
        file.truncate(1 << 40)
    text = f"tensor 'w': external data of more than {external_data.FILE_BYTES} bytes"
    assert refusal(write(external(location="holes.bin"), folder)) == text
