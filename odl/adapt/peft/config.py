"""adapter_config.json: what of it says how tensors become a change, and what is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from odl.adapt import registry
from odl.adapt.method import LARGEST_RANK, Adapter
from odl.errors import ModelError, Unsupported, printable
from odl.files import read_text

NAME = "adapter_config.json"

LORA, MISS = "LORA", "MISS"

LARGEST_ALPHA = 1e6

SILENT = """auto_mapping base_model_name_or_path bias corda_config ensure_weight_tying eva_config
exclude_modules fan_in_fan_out inference_mode layers_pattern layers_to_transform loftq_config
lora_dropout lora_ga_config megatron_config megatron_core miss_dropout modules_to_save peft_version
qalora_group_size revision runtime_config target_modules task_type"""
"""Keys that change nothing of what the tensors mean."""

READ = """peft_type r mini_r lora_alpha rank_pattern alpha_pattern use_rslora init_lora_weights
init_weights"""

KNOWN = frozenset(f"{SILENT} {READ}".split())

PLAIN_STARTS = (True, False, "gaussian", "eva", "orthogonal", "mica")
"""Values of init_lora_weights that leave the base as it was."""


@dataclass(frozen=True)
class PeftConfig:
    """Of what kind the adapter is, and with what factor its products are added."""

    kind: str
    rank: int
    alpha: float = 1.0
    ranks: dict[str, float] = field(default_factory=dict)
    """By module, where it is not `rank`."""
    alphas: dict[str, float] = field(default_factory=dict)
    by_root: bool = False
    """Whether alpha is divided by the rank's square root."""
    start: str = ""
    """The initialisation that the base lacks, as PEFT calls it; empty: it lacks nothing."""
    mini: int = 0
    """Columns of a MiSS block that are repeated; 0: it is whole."""

    def rank_of(self, module: str) -> int:
        return int(_matching(self.ranks, module, self.rank))

    def scale_of(self, module: str) -> float:
        rank = self.rank_of(module)
        alpha = _matching(self.alphas, module, self.alpha)
        return alpha / (math.sqrt(rank) if self.by_root else rank)


def _matching(patterns: Mapping[str, float], module: str, other: float) -> float:
    """The value of the first name that the module's ends with."""
    for name, value in patterns.items():
        if module == name or module.endswith(f".{name}"):
            return value
    return other


def read_config(folder: Path) -> PeftConfig:
    """The configuration in a folder.

    Raises:
        ModelError: it is missing or damaged.
        Unsupported: it is of a kind, or has a setting, that is not read.
    """
    path = folder / NAME
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as e:
        raise ModelError(f"is no JSON ({printable(e)})", where=str(path)) from e
    if not isinstance(data, dict):
        raise ModelError("is no JSON object", where=str(path))
    return _parse(data, str(path))


def _parse(data: dict[str, Any], where: str) -> PeftConfig:
    kind = data.get("peft_type")
    if kind not in (LORA, MISS):
        raise Unsupported(f"peft_type {printable(kind)}", where=where, advice=f"{LORA} or {MISS}")
    for key, value in data.items():
        if key not in KNOWN and value:
            raise Unsupported(f"the setting {printable(key)} is not read", where=where)
    rank = _rank(data.get("r", 8), "r", where)
    if kind == MISS:
        mini = _start(data, "init_weights", (True, False, "mini"), where) == "mini"
        columns = _rank(data.get("mini_r", 1), "mini_r", where)
        return PeftConfig(MISS, rank, mini=columns if mini else 0)
    start = _start(data, "init_lora_weights", (*PLAIN_STARTS, *residual_starts()), where)
    alpha = _alpha(data.get("lora_alpha", 8), "lora_alpha", where)
    alphas = _pattern(data, "alpha_pattern", _alpha, where)
    plain = start in PLAIN_STARTS
    if not plain and not min([alpha, *alphas.values()]) > 1e-6:
        raise ModelError("lora_alpha is not positive", where=where)
    return PeftConfig(
        LORA,
        rank,
        alpha,
        _pattern(data, "rank_pattern", _rank, where),
        alphas,
        data.get("use_rslora") is True,
        "" if plain else str(start),
    )


def residual_starts() -> dict[str, Adapter]:
    """Methods by what PEFT calls them, whose factors the base lacks at first."""
    adapters = [m for m in registry().values() if isinstance(m, Adapter)]
    return {m.residual_in_peft: m for m in adapters if m.residual_in_peft}


def _start(data: dict[str, Any], key: str, known: tuple[Any, ...], where: str) -> Any:
    value = data.get(key, True)
    if not isinstance(value, (bool, str)) or value not in known:
        raise Unsupported(
            f"{key} {printable(value)} has changed the base in a way that is not known",
            where=where,
            advice="save it with path_initial_model_for_weight_conversion",
        )
    return value


def _rank(value: Any, key: str, where: str) -> int:
    if not isinstance(value, int) or not 1 <= value <= LARGEST_RANK:
        advice = f"an integer from 1 to {LARGEST_RANK}"
        raise ModelError(f"{key} is {printable(value, 40)}", where=where, advice=advice)
    return int(value)


def _alpha(value: Any, key: str, where: str) -> float:
    if not isinstance(value, (int, float)) or not abs(value) <= LARGEST_ALPHA:
        advice = f"a number up to {LARGEST_ALPHA:g}"
        raise ModelError(f"{key} is {printable(value, 40)}", where=where, advice=advice)
    return float(value)


def _pattern(
    data: dict[str, Any], key: str, check: Callable[[Any, str, str], float], where: str
) -> dict[str, float]:
    """Names of modules, which PEFT takes for regular expressions: such ones are not read."""
    found, patterns = {}, data.get(key) or {}
    if not isinstance(patterns, dict):
        raise ModelError(f"{key} is no object", where=where)
    for pattern, value in patterns.items():
        name = re.sub(r"\\(\W)", r"\1", pattern.removeprefix("^").removesuffix("$"))
        if not re.fullmatch(r"[\w.:/ -]+", name):
            raise Unsupported(f"{key} '{printable(pattern)}' is no module's name", where=where)
        found[name] = check(value, f"{key} {printable(pattern, 60)}", where)
    return found


def as_json(config: PeftConfig, modules: list[str], bias: str, saved: list[str]) -> dict[str, Any]:
    """What PEFT reads.

    Args:
        bias: none, all or NAME_only.
        saved: modules that are stored whole.
    """
    common: dict[str, Any] = {
        "peft_type": config.kind,
        "r": config.rank,
        "target_modules": modules,
        "modules_to_save": saved or None,
        "bias": bias,
        "inference_mode": True,
        "base_model_name_or_path": None,
        "task_type": None,
        "revision": None,
    }
    if config.kind == MISS:
        return common | {"init_weights": True, "miss_dropout": 0.0, "mini_r": 1}
    return common | {
        "lora_alpha": _short(config.alpha),
        "rank_pattern": _sorted({k: int(v) for k, v in config.ranks.items()}),
        "alpha_pattern": _sorted({k: _short(v) for k, v in config.alphas.items()}),
        "init_lora_weights": True,
        "lora_dropout": 0.0,
        "fan_in_fan_out": False,
        "use_rslora": False,
        "use_dora": False,
    }


def _short(value: float) -> float:
    return int(value) if value == int(value) else value


def _sorted(patterns: dict[str, float]) -> dict[str, float]:
    """The longest first: the first that a module's name ends with is taken."""
    names = sorted(patterns, key=lambda n: (-len(n), n))
    return {n if re.fullmatch(r"[\w.]+", n) else re.escape(n): patterns[n] for n in names}
