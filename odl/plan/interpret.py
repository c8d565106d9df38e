"""Run a Program on NumPy over poisoned memory: a planning fault shows here, before any C exists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.program import Buffer, Call, Program, Tensor

POISON = 0xFF
"""NaN in every float type, -1 in every signed one."""


def interpret(
    program: Program,
    inputs: dict[str, npt.NDArray[Any]],
    spoil: Callable[[str, npt.NDArray[Any]], None] = lambda name, elements: None,
) -> dict[str, npt.NDArray[Any]]:
    """Every tensor as it stands when it is complete, by name; none of steps that are left out.

    States that `inputs` does not have are as at first.

    Args:
        spoil: is given each tensor that a call has completed, and may change its elements.

    Buffers are poisoned before their life begins and after it ends, so that a read of a dead tensor
    or a write into a living one changes the result.
    """
    given = {**first_states(program), **inputs}
    memory = {m: np.full(n, POISON, np.uint8) for m, n in program.arenas.items()}

    views: dict[str, npt.NDArray[Any]] = {}

    def view(t: Tensor) -> npt.NDArray[Any]:
        if t.name not in views:
            views[t.name] = _view(program, t, memory)
        return views[t.name]

    begin = _by_step(program, "first", set(given))
    end = _by_step(program, "last", set())

    def poison(buffers: list[Buffer]) -> None:
        for b in buffers:
            memory[b.memory][b.offset : b.offset + b.size] = POISON

    seen: dict[str, npt.NDArray[Any]] = {}
    for name, value in given.items():
        t = program.tensor[name]
        view(t)[:] = np.asarray(value, t.dtype.numpy).ravel()
    for t in program.produced_by(-1):
        seen[t.name] = view(t).reshape(t.shape).copy()
    for step, call in enumerate(program.calls):
        poison(begin[step])
        if call.when is None or view(program.tensor[call.when.tensor])[0]:
            with np.errstate(all="ignore"):  # a device does not warn either
                call.kernel.run(**{k: _operand(program, call, k, view) for k in call.args})
        _transfer(program, call, view)
        for t in program.produced_by(step):
            spoil(t.name, view(t))
            condition = program.conditions.get(t.name)
            if condition is None or seen[condition]:
                seen[t.name] = view(t).reshape(t.shape).copy()
        poison(end[step])
    for name in (
        *program.outputs,
        *(s.successor for s in program.states),
    ):  # as the caller would read them, after the last step
        t = program.tensor[name]
        seen[name] = view(t).reshape(t.shape).copy()
    return seen


def _view(
    program: Program, t: Tensor, memory: dict[str, npt.NDArray[np.uint8]]
) -> npt.NDArray[Any]:
    if t.data is not None:
        return np.ascontiguousarray(t.data, t.dtype.numpy).ravel()
    b = program.buffer[t.buffer]
    return memory[b.memory][b.offset : b.offset + t.nbytes].view(t.dtype.numpy)


def _by_step(program: Program, when: str, without: set[str]) -> dict[int, list[Buffer]]:
    """Buffers whose life has its first or last step there."""
    found: dict[int, list[Buffer]] = defaultdict(list)
    for b in program.buffers:
        if b.name not in without:
            found[getattr(b, when)].append(b)
    return found


def _transfer(program: Program, call: Call, view: Any) -> None:
    """What runs beside a call, after it: what is loaded then may not be what it has written."""
    for move in call.transfers:
        tensor = view(program.tensor[move.tensor]).view(np.uint8)
        tile = view(program.tensor[move.tile]).view(np.uint8)
        rows = np.lib.stride_tricks.as_strided(
            tensor[move.offset :], (move.rows, move.row), (move.stride or move.row, 1)
        )
        near = tile[: move.nbytes].reshape(move.rows, move.row)
        if move.into:
            near[:] = rows
        else:
            rows[:] = near


def first_states(program: Program) -> dict[str, npt.NDArray[Any]]:
    """The first values of states, and the constants that tiles hold."""
    found = {
        tile: np.ravel(np.asarray(program.tensor[constant].data))
        for tile, constant in program.presets
    }
    for s in program.states:
        t = program.tensor[s.tensor]
        data = program.tensor[s.first].data if s.first else None
        found[s.tensor] = np.zeros(t.shape, t.dtype.numpy) if data is None else data
    return found


def _operand(program: Program, call: Call, name: str, view: Any) -> Any:
    value = call.args[name]
    if value is None or name not in call.kernel.reads + call.kernel.writes:
        return value
    tensor = program.tensor[value.tensor]
    return view(tensor)[value.offset // tensor.dtype.size :]
