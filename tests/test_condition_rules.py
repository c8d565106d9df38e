"""The rules of steps that may be left out: every way to break them is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from odl.condition_rules import verify_conditions
from odl.program import Call, Program, Ref
from odl.program_rules import verify
from tests.adapt.test_turns import OPTIONS, made

Change = Callable[[Call], Call]


def changed(pick: Callable[[Call], bool], change: Change) -> Program:
    """The program of a step, with the first call that is picked changed."""
    program = made(OPTIONS[0]).program
    at = next(i for i, c in enumerate(program.calls) if pick(c))
    calls = list(program.calls)
    calls[at] = change(calls[at])
    return replace(program, calls=tuple(calls))


def conditional(op: str) -> Callable[[Call], bool]:
    return lambda c: c.when is not None and c.op == op


def test_what_the_compiler_makes_obeys() -> None:
    program = made(OPTIONS[0]).program
    verify_conditions(program)
    assert len({c.when for c in program.calls}) > 5


@pytest.mark.parametrize(
    ("pick", "change", "message"),
    [
        (conditional("ai.odl.ReluGrad"), lambda c: replace(c, when=None), "may have been left out"),
        (conditional("ai.odl.SquareSums"), lambda c: replace(c, when=Ref("w3/active")),
         "may have been left out"),
        (lambda c: c.op == "ai.odl.SGDStep", lambda c: replace(c, when=Ref("w0/active")),
         "output w0/next may be left out"),
        (conditional("ai.odl.ReluGrad"), lambda c: replace(c, when=Ref("x")),
         "no boolean of one element"),
        (lambda c: c.op == "ai.odl.CrossEntropyGrad", lambda c: replace(c, when=Ref("odl/when")),
         "may have been left out"),
        (lambda c: c.op == "ai.odl.Choose", lambda c: replace(c, when=Ref("w0/active")),
         "is not known yet"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named(pick: Callable[[Call], bool], change: Change, message: str) -> None:
    with pytest.raises(AssertionError) as error:
        verify_conditions(changed(pick, change))
    assert message in str(error.value)


def test_a_gate_of_another_layer_is_none() -> None:
    program = made(OPTIONS[0]).program
    gates = [c.args["gate"] for c in program.calls if c.op == "ai.odl.SGDStep"]
    with pytest.raises(AssertionError) as error:
        verify_conditions(
            changed(
                lambda c: c.op == "ai.odl.SGDStep",
                lambda c: replace(c, args={**c.args, "gate": gates[-1]}),
            )
        )
    assert "may have been left out" in str(error.value)


def test_a_condition_comes_before_what_asks_for_it() -> None:
    program = made(OPTIONS[0]).program
    calls = list(program.calls)
    at = next(i for i, c in enumerate(calls) if c.when is not None)
    calls.insert(0, calls.pop(at))
    with pytest.raises(AssertionError) as error:
        verify(replace(program, calls=tuple(calls)))
    assert "before it is made" in str(error.value)
