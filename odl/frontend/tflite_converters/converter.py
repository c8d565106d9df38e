"""What a converter of one TFLite operator is, and the decorator that makes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from odl.frontend.tflite_emit import Emitted
from odl.frontend.tflite_node import Results, TfliteNode
from odl.frontend.tflite_schema import TfliteOperator

Convert = Callable[[TfliteNode], Results]


@dataclass(frozen=True)
class Converter:
    """One operator: `convert` emits its nodes."""

    name: str
    convert: Convert
    options: str = ""
    """Class of its options in schema.fbs, where it has some."""
    moves: bool = False
    """It only moves elements, so that quantized ones stay as they are."""
    activation: bool = False
    """It has a fused activation, which is applied to what `convert` returns."""

    def __call__(self, operator: TfliteOperator, out: Emitted) -> None:
        """Append the operator's nodes to `out`."""
        node = TfliteNode(operator, out, self.options, self.moves)
        results = self.convert(node)
        node.finish(results, node.option("FusedActivationFunction") if self.activation else 0)


def converter(
    name: str, options: str = "", *, moves: bool = False, activation: bool = False
) -> Callable[[Convert], Converter]:
    """Declare that the decorated function converts operator `name`; nothing else lists it."""
    return lambda convert: Converter(name, convert, options, moves, activation)
