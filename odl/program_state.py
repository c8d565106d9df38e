"""What a Program has that trains: states, and the strategy by which they change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """A tensor that lives from run to run; a run leaves its successor in the same bytes."""

    tensor: str
    successor: str
    first: str = ""
    """The constant that it is at first; empty for zeros."""


@dataclass(frozen=True)
class Training:
    """What a Program has that trains: a run of all calls is one step."""

    label: str
    loss: str
    states: tuple[State, ...]
    """In the order in which they stand, without gaps but for alignment, at the arena's start."""
    forward: int
    """So many calls make the prediction."""
    in_row: str
    """The state that counts the steps since the last update that could not be made, int32."""
    strategy: str = ""
    """Of continual learning, as the user named it."""
    rounds: int = 1
    """Steps for each sample: the first learns it, the others rehearse."""
    per_task: tuple[str, ...] = ()
    """States that are as at first when another task begins."""
