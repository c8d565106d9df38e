"""What the user writes behind --train: methods joined by `+`, each with its settings and layers."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from odl.adapt import registry
from odl.adapt.method import Method
from odl.adapt.parameters import Parameter
from odl.errors import UsageError, printable
from odl.spec import Spec, parse

LAYERS = "layers"
"""The setting that every method has: the last one, for its patterns have commas between them.

A method may also have one of this name that is a number.
"""


@dataclass(frozen=True)
class Part:
    """One method, and what it was given."""

    text: str
    method: Method
    spec: Spec
    patterns: tuple[str, ...]
    """Of the names of layers or parameters; none: all."""

    def admits(self, p: Parameter) -> bool:
        names = (p.layer, str(p.value.name))
        return not self.patterns or any(
            fnmatchcase(name, pattern) for name in names for pattern in self.patterns
        )


def read(text: str) -> list[Part]:
    """`lora:r=4,layers=conv*+bias` and the like; `layers=PATTERN,...` alone is `full` of those.

    Raises:
        UsageError: with the nearest known method or setting.
    """
    return [_part(piece) for piece in text.split("+")]


def keeps_norms(text: str) -> bool:
    """Whether one of the methods wants BatchNormalization as a layer of its own."""
    return any(part.method.keeps_norms for part in read(text))


def _part(text: str) -> Part:
    whole = f"full:{text}" if text.startswith(f"{LAYERS}=") else text
    name, _, rest = whole.partition(":")
    methods = registry()
    unnamed = methods[name].unnamed if name in methods else ""
    counts = methods[name].settings if name in methods else ()
    settings, patterns = list[str](), list[str]()
    for piece in filter(None, rest.split(",")):
        key, equals, value = piece.partition("=")
        if key == LAYERS and equals and not (value.isdecimal() and LAYERS in counts):
            patterns.append(value)
        elif patterns and not equals:
            patterns.append(piece)
        else:
            settings.append(piece if equals or not unnamed else f"{unnamed}={piece}")
    known = {n: tuple(dict.fromkeys((*m.settings, LAYERS))) for n, m in methods.items()}
    spec = parse("--train", f"{name}:{','.join(settings)}", known)
    if (LAYERS in spec.settings and LAYERS not in counts) or "" in patterns:
        raise UsageError(f"--train {printable(text)}", advice=f"{LAYERS}=PATTERN,...")
    return Part(text, methods[name], spec, tuple(patterns))
