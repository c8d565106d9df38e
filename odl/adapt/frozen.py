"""What a model's publisher has frozen: layers that no training on a device changes.

As FreezeAsGuard (arXiv:2405.17472) has it: a mask over layers that is found so that a model can be
adapted to some purposes and badly to others. Only the mask is enforced here, for every program that
odl makes; the search for it (two trainings, one inside the other) is work for a host. It binds who
uses the file as it is, not somebody who edits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

import onnx_ir as ir

from odl.adapt.parameters import Parameter, parameters
from odl.errors import UsageError, printable

KEY = "odl.frozen"
"""In `metadata_props` of a model: patterns of names of layers, with commas between them."""


@dataclass(frozen=True)
class Mask:
    """Patterns of names of layers; parameters may be merged with others, and lose theirs."""

    patterns: tuple[str, ...] = ()

    def covers(self, layer: str) -> bool:
        """Whether a pattern fits the name, or one of the paths that it is behind."""
        steps = layer.split("/")
        paths = ["/".join(steps[: i + 1]) for i in range(len(steps))]
        return any(fnmatchcase(path, p) for path in paths for p in self.patterns)

    def holds(self, p: Parameter) -> bool:
        """Whether a parameter may not be trained: it is that of a layer, or shared with it."""
        return any(map(self.covers, {p.layer, *(str(u.node.name) for u in p.value.uses())}))


def mask_of(model: ir.Model) -> Mask:
    """That of the model's file."""
    return Mask(tuple(filter(None, model.metadata_props.get(KEY, "").split(","))))


def freeze(model: ir.Model, canonical: ir.Model, patterns: tuple[str, ...]) -> list[Parameter]:
    """Add patterns to the mask of a model; all that it then covers.

    Args:
        canonical: the same model with its layers as training sees them.

    Raises:
        UsageError: a pattern covers nothing.
    """
    known = parameters(canonical.graph)
    for pattern in patterns:
        if not any(Mask((pattern,)).holds(p) for p in known):
            names = dict.fromkeys(p.layer for p in known)
            raise UsageError(
                f"--layers {printable(pattern)} covers no layer that learns",
                advice=f"its layers: {', '.join(map(printable, names))}",
            )
    mask = Mask(tuple(dict.fromkeys((*mask_of(model).patterns, *patterns))))
    model.metadata_props[KEY] = ",".join(mask.patterns)
    return [p for p in known if mask.holds(p)]
