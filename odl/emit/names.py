"""Names from a model, made safe for C: identifiers, comments and string literals."""

from __future__ import annotations

import re
from collections.abc import Iterable

from odl.errors import printable


def identifiers(names: Iterable[str], prefix: str) -> dict[str, str]:
    """A C identifier for each name: readable, and, by its prefix, no word of C's own.

    They stay unique in capitals, and with _ELEMENTS behind them, which is what model.h adds.
    """
    taken: set[str] = set()
    result = {}
    for name in dict.fromkeys(names):
        stem = prefix + (re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40] or "unnamed")
        identifier, n = stem, 2
        while taken & _macros(identifier):
            identifier, n = f"{stem}_{n}", n + 1
        taken |= _macros(identifier)
        result[name] = identifier
    return result


def _macros(identifier: str) -> set[str]:
    return {identifier.upper(), f"{identifier.upper()}_ELEMENTS"}


def comment(text: str) -> str:
    """Text that can neither end a comment nor begin one, nor hold a trigraph."""
    safe = printable(text, 300)
    for bad, good in (("*/", "* /"), ("/*", "/ *"), ("??", "? ?")):
        while bad in safe:
            safe = safe.replace(bad, good)
    return safe.rstrip("\\/*")


def string(text: str) -> str:
    """A C string literal."""
    safe = printable(text, 120).replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return f'"{safe}"'
