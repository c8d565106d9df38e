"""What a graph says of its strategy, for those who run it: kept in its metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import onnx_ir as ir

from odl.learn.strategy import Strategy

KEY = "odl.strategy"


@dataclass(frozen=True)
class Record:
    """See the properties of `Strategy`."""

    text: str
    rounds: int = 1
    per_task: tuple[str, ...] = ()


def write_record(model: ir.Model, text: str, strategy: Strategy) -> None:
    record = Record(text, strategy.rounds, strategy.per_task)
    model.metadata_props[KEY] = json.dumps(asdict(record))


def read_record(model: ir.Model) -> Record:
    """What `write_record` has written."""
    data = json.loads(model.metadata_props[KEY])
    return Record(**{**data, "per_task": tuple(data["per_task"])})
