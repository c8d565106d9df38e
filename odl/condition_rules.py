"""The rules of steps that may be left out: what they leave behind never reaches anybody."""

from __future__ import annotations

from odl.program import Call, Program, Ref


def verify_conditions(program: Program) -> None:
    """Check conditions, and who reads the results of steps that have one.

    A reader has a condition itself that holds only where that of the result does, or gives the
    result no weight unless such a boolean is true.

    Raises:
        AssertionError: naming the first rule that is broken, and by what.
    """
    conditions = program.conditions
    for i, call in enumerate(program.calls):
        if call.when is not None:
            _verify_condition(program, i, call.when)
    for name in (*program.outputs, *(s.successor for s in program.states)):
        assert name not in conditions, f"output {name} may be left out"
    writers = _writers(program)
    for i, call in enumerate(program.calls):
        for operand in call.kernel.reads:
            ref = call.args[operand]
            needed = conditions.get(ref.tensor) if ref is not None else None
            if needed is None:
                continue
            gate = call.args.get(call.kernel.gates.get(operand, ""))
            held = [program.origin[r.tensor] for r in (call.when, gate) if isinstance(r, Ref)]
            safe = any(_implies(writers, program, h, needed) for h in held)
            assert safe, f"step {i} reads {ref}, which may have been left out"


def _verify_condition(program: Program, step: int, when: Ref) -> None:
    tensor = program.tensor[when.tensor]
    single = tensor.dtype.name == "b8" and tensor.elements == 1 and when.offset == 0
    assert single, f"step {step}: {when} is no boolean of one element"
    assert program.ready[tensor.name] < step, f"step {step}: {when} is not known yet"
    assert tensor.name not in program.conditions, f"step {step}: {when} may have been left out"


def _writers(program: Program) -> dict[str, Call]:
    """The call that makes each tensor, or the last part of it."""
    return {program.origin[r.tensor]: c for c in program.calls for r in c.refs(c.kernel.writes)}


def _implies(writers: dict[str, Call], program: Program, a: str, b: str) -> bool:
    """Whether b is true wherever a is, as far as that follows from how they are joined."""
    if a == b:
        return True
    if any(_implies(writers, program, part, b) for part in _parts(writers, program, a, all)):
        return True
    cases = _parts(writers, program, a, any)
    if cases and all(_implies(writers, program, part, b) for part in cases):
        return True
    return any(_implies(writers, program, a, part) for part in _parts(writers, program, b, any))


def _parts(writers: dict[str, Call], program: Program, name: str, joined: object) -> list[str]:
    """The operands that `name` is made of, if it joins them so."""
    call = writers.get(name)
    if call is None or call.kernel.joins is not joined or program.tensor[name].elements != 1:
        return []
    return [program.origin[r.tensor] for r in call.refs(call.kernel.reads)]
