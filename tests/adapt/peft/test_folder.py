"""Folders of PEFT that are damaged, hostile or of another kind: refused in one line."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from odl.adapt.peft.config import read_config
from odl.adapt.peft.convert import from_peft, to_peft
from odl.adapt.peft.folder import read_folder, write_folder
from odl.errors import DeviceError, IntegrityError, ModelError, OdlError
from tests.adapt.peft.network import GOLDEN, base_of, program
from tests.models import Array

KEY = "base_model.model.fc"

TENSORS = {
    f"{KEY}.lora_A.weight": np.ones((2, 8), np.float32),
    f"{KEY}.lora_B.weight": np.ones((7, 2), np.float32),
}

CONFIG: dict[str, Any] = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}


def made(folder: Path, config: Any = None, tensors: dict[str, Array] | None = None) -> Path:
    text = config if isinstance(config, str) else json.dumps(CONFIG | (config or {}))
    (folder / "adapter_config.json").write_text(text)
    save_file(TENSORS if tensors is None else tensors, folder / "adapter_model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "is no JSON (Expecting property name"),
        ("[" * 100_000, "is no JSON (maximum recursion depth"),
        ("[]", "is no JSON object"),
        ({"peft_type": "LOKR"}, "peft_type LOKR; LORA or MISS"),
        ({"peft_type": ["LORA"]}, "peft_type ['LORA']; LORA or MISS"),
        ({"use_dora": True}, "the setting use_dora is not read"),
        ({"layer_replication": [[0, 2]]}, "the setting layer_replication is not read"),
        ({"of the \x1b[31mfuture": 1}, r"the setting of the \x1b[31mfuture is not read"),
        ({"r": 0}, "r is 0; an integer from 1 to 4096"),
        ({"r": 2.5}, "r is 2.5; an integer"),
        ({"r": 10**30}, "r is 1" + "0" * 30),
        ({"r": "2"}, "r is 2; an integer"),
        ({"lora_alpha": None}, "lora_alpha is None; a number up to 1e+06"),
        ({"lora_alpha": float("nan")}, "lora_alpha is nan"),
        ({"lora_alpha": 1e300}, "lora_alpha is 1e+300"),
        ({"lora_alpha": -1, "init_lora_weights": "pissa"}, "lora_alpha is not positive"),
        ({"rank_pattern": ["fc"]}, "rank_pattern is no object"),
        ({"rank_pattern": {"(a+)+$": 2}}, "rank_pattern '(a+)+$' is no module's name"),
        ({"rank_pattern": {"fc": -1}}, "rank_pattern fc is -1; an integer"),
        ({"alpha_pattern": {"fc": "x"}}, "alpha_pattern fc is x; a number"),
        ({"init_lora_weights": "corda"}, "init_lora_weights corda has changed the base"),
        ({"init_lora_weights": {"a": 1}}, "init_lora_weights {'a': 1} has changed the base"),
        ({"peft_type": "MISS", "init_weights": "bat"}, "init_weights bat has changed the base"),
    ],
)  # fmt: skip
def test_a_configuration_that_is_refused(config: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        read_config(made(tmp_path, config))
    assert message in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/adapter_config.json: ")
    assert str(error.value).isprintable()
    assert error.value.exit_code == 3


def tensors(**changed: Array) -> dict[str, Array]:
    names = {"a": f"{KEY}.lora_A.weight", "b": f"{KEY}.lora_B.weight"}
    return TENSORS | {names.get(k, k): v for k, v in changed.items()}


NAN = np.full((2, 8), np.nan, np.float32)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (tensors(a=np.ones((2, 8), np.int32)), f"tensor '{KEY}.lora_A.weight' is of int32"),
        (tensors(a=NAN), f"tensor '{KEY}.lora_A.weight' is not finite"),
        (tensors(a=np.full((2, 8), 1e300)), f"tensor '{KEY}.lora_A.weight' is not finite"),
        ({"fc.lora_A.weight": NAN}, "'fc.lora_A.weight' has no place; base_model.model.MODULE"),
        (tensors(**{f"{KEY}.lora_E": NAN}), f"tensor '{KEY}.lora_E' has no place"),
        ({"base_model.model.\n\x1b.w": NAN}, r"tensor 'base_model.model.\n\x1b.w' has no place"),
        ({"base_model.model.weight": NAN}, "tensor 'base_model.model.weight' has no place"),
    ],
)  # fmt: skip
def test_tensors_that_are_refused(given: dict[str, Array], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        read_folder(made(tmp_path, tensors=given))
    assert message in str(error.value)
    assert str(error.value).isprintable()


def test_files_that_are_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"adapter_config.json: cannot be read: No such file"):
        read_folder(tmp_path)
    file = made(tmp_path) / "adapter_model.safetensors"
    whole = file.read_bytes()
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", bytes(1 << 24))
    huge = json.dumps({"x": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}})
    header = struct.pack("<Q", len(huge)) + huge.encode()
    for data in (b"", whole[:60], whole[:-1], whole + b"x", bomb.read_bytes(), header,
                 struct.pack("<Q", 1 << 62) + whole[8:]):  # fmt: skip
        file.write_bytes(data)
        with pytest.raises(ModelError, match="not a readable safetensors file"):
            read_folder(tmp_path)
    file.unlink()
    with pytest.raises(ModelError, match="the adapter file does not exist"):
        read_folder(tmp_path)
    bomb.rename(tmp_path / "adapter_model.bin")
    with pytest.raises(ModelError, match=r"adapter_model.bin: is a pickle, which can run code"):
        read_folder(tmp_path)
    (tmp_path / "adapter_config.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="is no text"):
        read_folder(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceError, match="cannot be made: File exists"):
        write_folder(tmp_path / "file", read_folder(GOLDEN / "miss"))


WIDE = np.ones((2, 9), np.float32)


@pytest.mark.parametrize(
    ("config", "given", "message"),
    [
        ({}, tensors(a=WIDE), "has the shape [2, 9]; [2, 8] fits the program and rank 2"),
        ({"r": 3}, TENSORS, "has the shape [2, 8]; [3, 8] fits the program and rank 3"),
        ({"rank_pattern": {"fc": 1}}, TENSORS, "lora_A.weight has the shape [2, 8]; [1, 8]"),
        ({}, {f"{KEY}.lora_A.weight": WIDE}, "needs lora_A.weight and lora_B.weight, and nothing"),
        ({}, tensors(**{f"{KEY}.miss_block": WIDE}), "needs lora_A.weight and lora_B.weight, and"),
        ({}, {f"{KEY}s.lora_B.weight": WIDE}, "module 'fcs': the program does not adapt it;"),
        ({}, {f"{KEY}.bias": WIDE}, "module 'fc', bias: is no parameter of the program"),
        ({}, {"base_model.model.x.weight": WIDE}, "'x', weight: is no parameter of the program"),
        ({"peft_type": "MISS"}, {f"{KEY}.miss_block": WIDE},
         "miss_block has the shape [2, 9]; for this layer PEFT has [2, 7]"),
        ({"peft_type": "MISS"}, {"base_model.model.conv.miss_block": WIDE},
         "miss_block has the shape [2, 9]; for this layer PEFT has none"),
        ({"peft_type": "MISS", "init_weights": "mini", "mini_r": 3},
         {f"{KEY}.miss_block": np.ones((2, 3), np.float32)}, "miss_block has the shape [2, 3]"),
        ({"peft_type": "MISS"}, TENSORS, "has the shape [0]; for this layer PEFT has [2, 7]"),
        ({"r": 3}, {"base_model.model.grouped.lora_A.weight": np.ones((3, 6, 1, 3), np.float32),
                    "base_model.model.grouped.lora_B.weight": np.ones((8, 1, 1, 1), np.float32)},
         "lora_A.weight has the shape [3, 6, 1, 3]; [3, 6, 1, 3] fits the program and rank 3"),
        ({}, {"base_model.model.grouped.lora_A.weight": np.ones((2, 6, 1, 3), np.float32),
              "base_model.model.grouped.lora_B.weight": np.ones((8, 1, 1, 1), np.float32)},
         "module 'grouped': sees channels of other groups, which Conv cannot"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_program(
    config: dict[str, Any], given: dict[str, Array], message: str, tmp_path: Path
) -> None:
    base, known = base_of(program("lora:r=2,layers=*"))
    adapter = read_folder(made(tmp_path, config, given))
    with pytest.raises(OdlError) as error:
        from_peft(base, adapter, known, "here")
    assert message in str(error.value)
    assert isinstance(error.value, (ModelError, IntegrityError))
    assert error.value.exit_code in (3, 6)


def test_values_of_any_size_make_no_noise(tmp_path: Path) -> None:
    """Products that leave single precision are refused, without a warning of NumPy."""
    base, known = base_of(program("lora:r=2,layers=*"))
    large = {k: v * np.float32(3e38) for k, v in TENSORS.items()}
    with (
        np.errstate(all="raise", under="ignore"),
        pytest.raises(IntegrityError, match="cannot make"),
    ):
        from_peft(base, read_folder(made(tmp_path, {"lora_alpha": 1e6}, large)), known, "here")
    small = {k: v * np.float32(1e-38) for k, v in TENSORS.items()}
    assert from_peft(base, read_folder(made(tmp_path, {}, small)), known, "here")


@pytest.mark.parametrize("kind", [np.float16, np.float64, ml_dtypes.bfloat16])
def test_floats_of_other_widths_are_read(kind: Any, tmp_path: Path) -> None:
    given = {k: np.full(v.shape, 1.5, np.float32).astype(kind) for k, v in TENSORS.items()}
    if kind is ml_dtypes.bfloat16:
        made(tmp_path)
        _save_bfloat16(tmp_path / "adapter_model.safetensors", given)
    else:
        made(tmp_path, tensors=given)
    (parts,) = read_folder(tmp_path).modules.values()
    assert {v.dtype.name for v in parts.values()} == {"float32"}
    assert all((v == 1.5).all() for v in parts.values())


def _save_bfloat16(path: Path, arrays: dict[str, Array]) -> None:
    header, data = {}, b""
    for name, array in arrays.items():
        ends = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": "BF16", "shape": array.shape, "data_offsets": ends}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_names_that_end_alike_keep_their_own_rank(tmp_path: Path) -> None:
    """PEFT takes the first pattern that a module's name ends with."""
    base, known = base_of(program("lora:r=3,layers=fc*+lora:r=1,layers=head*"))
    adapter = to_peft(base, {}, known)
    names = {"fc": "fc", "head": "deep.fc"}
    config = adapter.config
    renamed = type(config)(config.kind, config.rank, config.alpha,
                           {names[k]: v for k, v in config.ranks.items()},
                           {names[k]: v for k, v in config.alphas.items()})  # fmt: skip
    modules = {names[k]: v for k, v in adapter.modules.items()}
    write_folder(tmp_path, type(adapter)(renamed, modules))
    back = read_config(tmp_path)
    assert (back.rank_of("fc"), back.rank_of("deep.fc")) == (3, 1)
    assert list(json.loads((tmp_path / "adapter_config.json").read_text())["rank_pattern"]) == [
        "deep.fc", "fc",
    ]  # fmt: skip
    odd = tmp_path / "odd"
    write_folder(odd, type(adapter)(type(config)("LORA", 2, 1.0, {"onnx::MatMul_3": 5}), {}))
    assert read_config(odd).rank_of("onnx::MatMul_3") == 5
