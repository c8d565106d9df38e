"""TFLite operators to ONNX nodes: one decorated function each, found by themselves.

A converter takes a `TfliteNode` and returns the values of its outputs, in float where the tensors
are quantized. `TfliteNode.finish` adds the fused activation, QuantizeLinear and the layout.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from odl.frontend.tflite_converters.converter import Converter


@cache
def converters() -> dict[str, Converter]:
    """Converter by TFLite's name of the operator, sorted."""
    found: dict[str, Converter] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for item in vars(module).values():
            if isinstance(item, Converter):
                found[item.name] = item
            elif isinstance(item, tuple):
                found.update({c.name: c for c in item if isinstance(c, Converter)})
    return dict(sorted(found.items()))
