"""Adaptation: which part of a network learns, and by which factors; each method is a file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from odl.adapt import methods
from odl.adapt.method import Method


@cache
def registry() -> dict[str, Method]:
    """Method by name, sorted: what the modules of `methods` define."""
    found: dict[str, Method] = {}
    for info in pkgutil.iter_modules(methods.__path__):
        module = importlib.import_module(f"{methods.__name__}.{info.name}")
        for item in vars(module).values():
            if inspect.isclass(item) and issubclass(item, Method) and hasattr(item, "name"):
                found[item.name] = item()
    return dict(sorted(found.items()))
