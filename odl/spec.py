"""What options such as `adam:lr=1e-3,beta2=0.99` say: a name with settings, checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from odl.errors import UsageError, printable


@dataclass(frozen=True)
class Spec:
    """A name with settings: `name:key=value,flag`."""

    option: str
    name: str
    settings: dict[str, str] = field(default_factory=dict)

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A setting as a number in [least, most].

        Raises:
            UsageError: it is none.
        """
        try:
            value = float(self.settings.get(key, default))
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise UsageError(
                f"{self.option} {self.name}: {key}={printable(self.settings[key])}",
                advice=f"a number from {least:g} to {most:g}",
            )
        return value

    def choice(self, key: str, default: str, known: tuple[str, ...]) -> str:
        """A setting that is one of a few words.

        Raises:
            UsageError: it is none of them.
        """
        value = self.settings.get(key, default)
        if value not in known:
            raise UsageError(
                f"{self.option} {self.name}: {key}={printable(value)}", advice=" or ".join(known)
            )
        return value

    def flag(self, key: str) -> bool:
        return key in self.settings


def parse(option: str, text: str, known: dict[str, tuple[str, ...]]) -> Spec:
    """`text`, checked against the names that are `known` with their settings.

    Raises:
        UsageError: with the nearest known name.
    """
    name, _, rest = text.partition(":")
    if name not in known:
        raise UsageError(f"{option} {printable(name)}", advice=nearest(name, known))
    settings = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        if key not in known[name]:
            raise UsageError(f"{option} {name}: {printable(key)}", advice=nearest(key, known[name]))
        settings[key] = value
    return Spec(option, name, settings)


def nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"one of {', '.join(known) or 'none'}"
