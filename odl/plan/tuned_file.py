"""The file of `odl tune`: the choices that were measured best, and what they are for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import onnx

from odl.errors import ModelError
from odl.files import read_text, write_whole
from odl.ops.layout import LAYOUTS
from odl.plan.choices import Measured

SCHEMA = 2


@dataclass(frozen=True)
class Tuning:
    """What a file holds."""

    made_for: str
    """As `tuned_for` has it."""
    layout: str
    """The one of `Options.layout` that was best."""
    found: Measured

    def choices(self, wanted: str, path: Path) -> Measured:
        """Those for the model and target that `wanted` stands for.

        Raises:
            ModelError: they are for another one.
        """
        if self.made_for != wanted:
            raise ModelError(
                "was made for another model, target, precision, layout or training",
                where=str(path),
                advice="run 'odl tune' with the options of this compilation",
            )
        return self.found


def tuned_for(graph: onnx.ModelProto, target: str) -> str:
    """What choices depend on: the compiled graph but its weights, and the target."""
    h = hashlib.sha256(target.encode())
    for node in graph.graph.node:
        h.update(node.SerializeToString(deterministic=True))
    for value in (*graph.graph.input, *graph.graph.value_info, *graph.graph.output):
        h.update(value.SerializeToString(deterministic=True))
    return h.hexdigest()[:32]


def write_tuned(path: Path, tuning: Tuning) -> None:
    """Write the choices, complete or not at all.

    Raises:
        DeviceError: the file cannot be written.
    """
    found = {"forms": tuning.found.forms, "cuts": tuning.found.cuts}
    data = {"schema": SCHEMA, "for": tuning.made_for, "layout": tuning.layout, **found}
    write_whole(path, (json.dumps(data, indent=1) + "\n").encode())


def read_tuned(path: Path) -> Tuning:
    """What was written.

    Raises:
        ModelError: it is of another version of odl, or damaged.
    """
    try:
        data = json.loads(read_text(path))
        forms = {str(k): int(v) for k, v in data["forms"].items()}
        cuts = {
            str(k): {str(axis): int(n) for axis, n in parts.items()}
            for k, parts in data["cuts"].items()
        }
        version, layout = data["schema"], data.get("layout")
        made_for = str(data["for"])
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise ModelError("no file of 'odl tune', or damaged", where=str(path)) from e
    if version != SCHEMA or layout not in LAYOUTS:
        raise ModelError(
            "is of another version of odl", where=str(path), advice="run 'odl tune' again"
        )
    return Tuning(made_for, layout, Measured(forms, cuts))
