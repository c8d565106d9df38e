"""Strategies of continual learning: what a device keeps, rehearses and predicts with."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from odl.learn import strategies
from odl.learn.strategy import Strategy
from odl.spec import parse

OPTION = "--strategy"


@cache
def registry() -> dict[str, type[Strategy]]:
    """Strategy by name, sorted: what the modules of `strategies` define."""
    found: dict[str, type[Strategy]] = {}
    for info in pkgutil.iter_modules(strategies.__path__):
        module = importlib.import_module(f"{strategies.__name__}.{info.name}")
        for item in vars(module).values():
            if inspect.isclass(item) and issubclass(item, Strategy) and hasattr(item, "name"):
                found[item.name] = item
    return dict(sorted(found.items()))


def read(text: str) -> Strategy:
    """`replay:size=64` and the like; nothing means `naive`.

    Raises:
        UsageError: with the nearest known strategy or setting.
    """
    known = registry()
    spec = parse(OPTION, text or "naive", {name: kind.settings for name, kind in known.items()})
    return known[spec.name](spec)
