"""Which way to compute a node is taken: the best by estimate, or the best by measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from odl.errors import printable
from odl.plan.tiles import Cut
from odl.program import Call

T = TypeVar("T")


class Choices:
    """The first of all ways, which are ordered by estimate."""

    def form(self, node: str, ways: Sequence[T]) -> T:
        """Of the forms of a node that have bodies for the target."""
        return ways[0]

    def cut(self, call: Call, ways: Sequence[Cut]) -> Cut:
        """Of the cuts of a call that fit."""
        return ways[0]


class Measured(Choices):
    """What has been found best, by node and by call; elsewhere the first.

    Args:
        forms: node to the number of the form.
        cuts: call, as `call_key` names it, to the parts of each axis.
    """

    def __init__(self, forms: dict[str, int], cuts: dict[str, dict[str, int]]) -> None:
        self.forms, self.cuts = forms, cuts

    def form(self, node: str, ways: Sequence[T]) -> T:
        return ways[min(self.forms.get(node, 0), len(ways) - 1)]

    def cut(self, call: Call, ways: Sequence[Cut]) -> Cut:
        parts = self.cuts.get(call_key(call))
        return next((way for way in ways if way.parts == parts), ways[0])


class Trial(Choices):
    """The same number of everywhere, the last where there are fewer; what was taken is noted."""

    def __init__(self, form: int, cut: int) -> None:
        self._form, self._cut = form, cut
        self.forms: dict[str, int] = {}
        self.cuts: dict[str, dict[str, dict[str, int]]] = {}
        """By node and call."""
        self.differs: set[str] = set()
        """Nodes for which it is not the first everywhere."""

    def form(self, node: str, ways: Sequence[T]) -> T:
        number = min(self._form, len(ways) - 1)
        self._note(node, number)
        self.forms[node] = number
        return ways[number]

    def cut(self, call: Call, ways: Sequence[Cut]) -> Cut:
        number = min(self._cut, len(ways) - 1)
        self._note(call.node, number)
        self.cuts.setdefault(call.node, {})[call_key(call)] = ways[number].parts
        return ways[number]

    def same_as(self, other: Trial) -> bool:
        """Whether both took the same everywhere."""
        return (self.forms, self.cuts) == (other.forms, other.cuts)

    def _note(self, node: str, number: int) -> None:
        if number > 0:
            self.differs.add(node)


def call_key(call: Call) -> str:
    """A name that a call has alone in its program: its node, kernel and result."""
    result = next(call.refs(call.kernel.writes))
    return printable(f"{call.node} {call.function} {result}", limit=1000)
