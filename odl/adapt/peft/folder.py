"""The tensors of a PEFT folder, by module and part: read with every doubt, written whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.adapt.peft import config as peft_config
from odl.adapt.peft.config import PeftConfig, read_config
from odl.errors import DeviceError, ModelError, Unsupported, printable
from odl.files import read_tensors, write_whole

Array = npt.NDArray[Any]

TENSORS = "adapter_model.safetensors"

PICKLED = "adapter_model.bin"

PREFIX = "base_model.model."

RIGHT, LEFT, BLOCK = "lora_A.weight", "lora_B.weight", "miss_block"

BIAS, WEIGHT, WRAPPED_BIAS = "bias", "weight", "base_layer.bias"

PARTS = (RIGHT, LEFT, BLOCK, WRAPPED_BIAS, BIAS, WEIGHT)
"""Ends of keys; of those that fit the first is meant."""

FLOATS = ("float16", "bfloat16", "float32", "float64")

MODULES = 100_000


@dataclass(frozen=True)
class PeftAdapter:
    """What the folder holds."""

    config: PeftConfig
    modules: dict[str, dict[str, Array]]
    """Arrays by module and one of PARTS."""


def read_folder(folder: Path) -> PeftAdapter:
    """The adapter in a folder.

    Raises:
        ModelError: it is missing, damaged, or holds what PEFT does not put there.
        Unsupported: it is sound, but of a kind that is not read.
    """
    config, path = read_config(folder), folder / TENSORS
    if not path.is_file() and (folder / PICKLED).is_file():
        raise Unsupported(
            "is a pickle, which can run code", where=str(folder / PICKLED),
            advice="save it with safe_serialization=True",
        )  # fmt: skip
    modules: dict[str, dict[str, Array]] = {}
    for key, array in read_tensors(path, "adapter")[0].items():
        module, part = _split(key, str(path))
        if array.dtype.name not in FLOATS:
            raise ModelError(f"tensor '{printable(key)}' is of {array.dtype.name}", where=str(path))
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise ModelError(f"tensor '{printable(key)}' is not finite", where=str(path))
        modules.setdefault(module, {})[part] = array
        if len(modules) > MODULES:
            raise ModelError(f"more than {MODULES} modules", where=str(path))
    return PeftAdapter(config, modules)


def _split(key: str, where: str) -> tuple[str, str]:
    rest = key.removeprefix(PREFIX)
    for part in PARTS if rest != key else ():
        if rest.endswith(f".{part}"):
            return rest.removesuffix(f".{part}"), part
    raise Unsupported(
        f"tensor '{printable(key)}' has no place", where=where,
        advice=f"{PREFIX}MODULE, then {', '.join(PARTS)}",
    )  # fmt: skip


def write_folder(folder: Path, adapter: PeftAdapter) -> int:
    """Both files, the configuration last; how many bytes of numbers they hold.

    Raises:
        DeviceError: they cannot be written.
    """
    from safetensors.numpy import save

    tensors = {
        f"{PREFIX}{module}.{part}": np.ascontiguousarray(array)
        for module, parts in adapter.modules.items()
        for part, array in parts.items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise DeviceError(f"cannot be made: {e.strerror}", where=str(folder)) from e
    write_whole(folder / TENSORS, save(tensors, {"format": "pt"}))
    text = json.dumps(_config(adapter), indent=2)
    write_whole(folder / peft_config.NAME, f"{text}\n".encode())
    return sum(a.nbytes for a in tensors.values())


def _config(adapter: PeftAdapter) -> dict[str, Any]:
    modules = adapter.modules
    adapted = sorted(m for m, parts in modules.items() if {LEFT, BLOCK} & set(parts))
    saved = sorted(m for m, parts in modules.items() if WEIGHT in parts)
    loose = any(BIAS in parts and WEIGHT not in parts for parts in modules.values())
    wrapped = any(WRAPPED_BIAS in parts for parts in modules.values())
    only = f"{adapter.config.kind.lower()}_only"
    bias = "all" if loose else only if wrapped else "none"
    return peft_config.as_json(adapter.config, adapted, bias, saved)
