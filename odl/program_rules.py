"""The rules of a Program, which every planner's result is checked against."""

from __future__ import annotations

import itertools

from odl.condition_rules import verify_conditions
from odl.program import Call, Program, Tensor


def verify(program: Program) -> None:
    """Check that the Program is well formed; a failure is a fault of odl, not of the model.

    Raises:
        AssertionError: naming the first rule that is broken, and by what.
    """
    for b in program.buffers:
        assert b.offset % program.alignment == 0, f"buffer {b.name} stands unaligned at {b.offset}"
        assert b.first <= b.last, f"buffer {b.name} dies at {b.last} before its birth at {b.first}"
    _verify_order(program)
    _verify_disjoint(program)
    _verify_sharing(program)
    for i, call in enumerate(program.calls):
        for ref in (*call.sources, *call.refs(call.kernel.writes)):
            tensor = program.tensor[ref.tensor]
            assert ref.offset <= tensor.nbytes, f"step {i}: {ref} starts behind the tensor's end"
            _verify_alive(program, i, tensor)
        for ref in call.refs(call.kernel.writes):
            assert program.tensor[ref.tensor].data is None, f"step {i} writes the constant {ref}"
        _verify_overlays(program, i, call)
        _verify_transfers(program, i, call)
    verify_conditions(program)
    for s in program.states:
        buffer = program.tensor[s.tensor].buffer
        assert buffer == program.tensor[s.successor].buffer, f"state {s.tensor} moves"
    for name in (*program.outputs, *(s.successor for s in program.states)):
        t = program.tensor[name]
        end = len(program.calls)
        assert not t.buffer or program.buffer[t.buffer].last >= end, f"output {name} dies early"


def _verify_order(program: Program) -> None:
    """Nothing is read before something of it has been written."""
    begun = {t.name for t in program.tensors if program.ready[t.name] < 0}
    for step, call in enumerate(program.calls):
        for ref in call.sources:
            name = program.tensor[ref.tensor].view_of or ref.tensor
            assert name in begun, f"step {step} reads {ref} before it is made"
        begun |= {r.tensor for r in call.refs(call.kernel.writes)}
        begun |= {m.tile if m.into else m.tensor for m in call.transfers}


def _verify_alive(program: Program, step: int, tensor: Tensor) -> None:
    if tensor.buffer:
        b = program.buffer[tensor.buffer]
        assert tensor.nbytes <= b.size, f"{tensor.name} is larger than its buffer"
        assert b.first <= step <= b.last, f"step {step} uses %{tensor.name} outside its life"


def _verify_transfers(program: Program, step: int, call: Call) -> None:
    """What runs beside a call touches nothing that it writes, and no transfer another's bytes."""
    reads = {r.tensor for r in call.sources}
    writes = {r.tensor for r in call.refs(call.kernel.writes)}
    for move in call.transfers:
        tensor, tile = program.tensor[move.tensor], program.tensor[move.tile]
        _verify_alive(program, step, tensor)
        _verify_alive(program, step, tile)
        end = move.offset + (move.rows - 1) * move.stride + move.row
        assert end <= tensor.nbytes, f"step {step}: {move} ends behind the tensor's end"
        assert move.nbytes <= tile.nbytes, f"step {step}: {move} is larger than its tile"
        assert move.into or tensor.data is None, f"step {step}: {move} writes a constant"
        filled, source = (move.tile, move.tensor) if move.into else (move.tensor, move.tile)
        assert filled not in reads | writes, f"step {step} uses what {move} is filling"
        assert source not in writes, f"step {step} changes what {move} is reading"
        for other in call.transfers:
            if other is not move and not (move.into and other.into):
                assert not move.meets(other), f"step {step}: {move} and {other} meet"


def _verify_disjoint(program: Program) -> None:
    by_offset = sorted(program.buffers, key=lambda b: (b.memory, b.offset))
    for i, a in enumerate(by_offset):
        for b in by_offset[i + 1 :]:
            if b.memory != a.memory or b.offset >= a.offset + a.size:
                break
            apart = a.last < b.first or b.last < a.first
            assert apart, f"buffers {a.name} and {b.name} overlap while both live"


def _verify_sharing(program: Program) -> None:
    """Tensors that share a buffer follow each other: one is written when the last was used up."""
    last_use: dict[str, int] = {}
    for step, call in enumerate(program.calls):
        for ref in call.sources:
            last_use[program.tensor[ref.tensor].view_of or ref.tensor] = step
        for move in call.transfers:
            if move.into:
                last_use[move.tensor] = step
    owners: dict[str, list[str]] = {}
    for t in program.tensors:
        if t.buffer and not t.view_of:
            owners.setdefault(t.buffer, []).append(t.name)
    for names in owners.values():
        names.sort(key=program.ready.__getitem__)
        for a, b in itertools.pairwise(names):
            in_time = (
                last_use.get(a, -1) <= program.ready[b] and program.ready[a] < program.ready[b]
            )
            assert in_time, f"{b} takes over the memory of {a} while that is in use"


def _verify_overlays(program: Program, step: int, call: Call) -> None:
    written = {program.tensor[r.tensor].buffer: r.tensor for r in call.refs(call.kernel.writes)}
    for name in call.kernel.reads:
        ref = call.args[name]
        if ref is None or name in call.overlay:
            continue
        buffer = program.tensor[ref.tensor].buffer
        safe = not buffer or buffer not in written
        assert safe, f"step {step} overwrites {ref} while reading it"
    if call.when is not None:
        buffer = program.tensor[call.when.tensor].buffer
        assert buffer not in written, f"step {step} overwrites its condition {call.when}"
