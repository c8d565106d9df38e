"""The file of `odl tune`: the choices that were measured best, and what they are for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import onnx

from odl.errors import ModelError
from odl.files import read_text, write_whole
from odl.plan.choices import Measured

SCHEMA = 1


def tuned_for(graph: onnx.ModelProto, target: str) -> str:
    """What choices depend on: the compiled graph but its weights, and the target."""
    h = hashlib.sha256(target.encode())
    for node in graph.graph.node:
        h.update(node.SerializeToString(deterministic=True))
    for value in (*graph.graph.input, *graph.graph.value_info, *graph.graph.output):
        h.update(value.SerializeToString(deterministic=True))
    return h.hexdigest()[:32]


def write_tuned(path: Path, made_for: str, found: Measured) -> None:
    """Write the choices, complete or not at all.

    Raises:
        DeviceError: the file cannot be written.
    """
    data = {"schema": SCHEMA, "for": made_for, "forms": found.forms, "cuts": found.cuts}
    write_whole(path, (json.dumps(data, indent=1) + "\n").encode())


def read_tuned(path: Path, wanted: str) -> Measured:
    """The choices for the model and target that `wanted` stands for.

    Raises:
        ModelError: they are for another one, or the file is damaged.
    """
    try:
        data = json.loads(read_text(path))
        forms = {str(k): int(v) for k, v in data["forms"].items()}
        cuts = {
            str(k): {str(axis): int(n) for axis, n in parts.items()}
            for k, parts in data["cuts"].items()
        }
        version, made_for = data["schema"], data["for"]
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise ModelError("no file of 'odl tune', or damaged", where=str(path)) from e
    if version != SCHEMA or made_for != wanted:
        raise ModelError(
            "was made for another model, target, precision or training",
            where=str(path),
            advice="run 'odl tune' with the options of this compilation",
        )
    return Measured(forms, cuts)
