"""The whole of planning: lower, find lives, place, and check that it fits."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import onnx_ir as ir

from odl.errors import DoesNotFit
from odl.plan.choices import Choices
from odl.plan.layout import Layout, lay_out
from odl.plan.lower import BY_ESTIMATE, Lowered, lower
from odl.program import Program, Tensor
from odl.program_rules import verify
from odl.program_state import State, Training
from odl.target import Target

NUMBERS = 0xFFFF
"""Most tensors, and most steps: struct odl_model counts them in 16 bits."""


def plan(
    graph: ir.Graph,
    name: str,
    target: Target,
    cores: int,
    states: int = 0,
    in_row: str = "",
    choices: Choices = BY_ESTIMATE,
) -> Program:
    """The verified Program of a canonical graph; it may still be too large (`check_fit`).

    Args:
        states: of a training step: so many of the last inputs are state, of the last outputs
            their successors; before them stand the label, and the loss.
        in_row: the state that counts steps skipped in a row.
        choices: of forms and cuts.

    Raises:
        Unsupported: a node has no kernel.
    """
    lowered = lower(graph, target, states, choices)
    sizes = [t.dtype.size for t in lowered.tensors.values()]
    alignment = max(target.alignment, *sizes, 1)
    layout = lay_out(lowered, target, alignment, choices)
    program = Program(
        name=name,
        model_hash=bytes(16),
        target=target.name,
        cores=cores,
        alignment=alignment,
        tensors=(*_in_place(layout), *_first_values(graph, lowered)),
        buffers=layout.buffers,
        calls=layout.lowered.calls,
        inputs=lowered.inputs,
        outputs=lowered.outputs,
        lower_bound=layout.lower_bound,
        planner=layout.planner,
        presets=layout.lowered.presets,
    )
    program = replace(program, training=_training(program, lowered, in_row))
    verify(program)
    return replace(program, model_hash=_hash(program))


def _first_values(graph: ir.Graph, lowered: Lowered) -> list[Tensor]:
    """Constants that states are copied from at the start, unless they are zeros."""
    found = []
    for value in graph.inputs[len(graph.inputs) - len(lowered.states) :]:
        if value.const_value is not None and value.const_value.numpy().any():
            tensor = lowered.tensors[str(value.name)]
            data = value.const_value.numpy()
            found.append(replace(tensor, name=first_of(tensor.name), kind="constant", data=data))
    return found


def first_of(name: str) -> str:
    """The name of the constant that a state is at first."""
    return f"{name}/first"


def _training(program: Program, lowered: Lowered, in_row: str) -> Training | None:
    if not lowered.states:
        return None
    *predictions, loss = program.outputs
    states = (
        State(name, successor, first_of(name) if first_of(name) in program.tensor else "")
        for name, successor in lowered.states
    )
    forward = max(program.ready[p] for p in predictions) + 1
    return Training(program.inputs[-1], loss, tuple(states), forward, in_row)


def _in_place(layout: Layout) -> tuple[Tensor, ...]:
    lowered = layout.lowered
    tensors = []
    for name, tensor in lowered.tensors.items():
        source = lowered.views.get(name, "")
        data = lowered.tensors[source or name].data
        if data is not None:
            data = data.reshape(tensor.shape)
        home = layout.home.get(name, "")
        tensors.append(replace(tensor, buffer=home, view_of=source, data=data))
    return tuple(tensors)


def _hash(program: Program) -> bytes:
    """128 bits over everything that the device and the host must agree on."""
    digest = hashlib.sha256(str(program).encode())
    for t in program.tensors:
        if t.data is not None:
            digest.update(t.data.tobytes())
    return digest.digest()[:16]


def check_fit(program: Program, target: Target, ram: int = 0) -> None:
    """Compare the arenas with the target's memories, and the constants with its flash.

    Args:
        ram: bytes that all arenas may take, if not 0.

    Raises:
        DoesNotFit: with the bytes missing, the tensor at fault and what would help.
    """
    if max(len(program.listed), len(program.calls)) > NUMBERS:
        raise DoesNotFit(
            f"{len(program.listed)} tensors in {len(program.calls)} steps",
            advice=f"the link numbers at most {NUMBERS} of each",
        )
    capacity = {m.name: m.bytes for m in target.memories}
    for memory, size in program.arenas.items():
        missing = size - capacity[memory]
        if missing > 0:
            worst = program.peak[1][0]
            raise DoesNotFit(
                f"the tensors need {size} bytes of {memory}, {missing} more than {target.name} has",
                where=f"tensor '{worst.name}' ({worst.size} bytes)",
                advice="a smaller input or batch, or a target with more memory",
            )
    missing = program.arena_bytes - ram
    if ram and missing > 0:
        worst = program.peak[1][0]
        raise DoesNotFit(
            f"the tensors need {program.arena_bytes} bytes, {missing} more than --ram, "
            "whatever is computed again",
            where=f"tensor '{worst.name}' ({worst.size} bytes)",
            advice="--dtype fp16, --layerwise, or less to train" if program.training else "fp16",
        )
    missing = program.constant_bytes - target.flash
    if missing > 0:
        worst_constant = max(
            (t for t in program.tensors if t.data is not None), key=lambda t: t.nbytes
        )
        raise DoesNotFit(
            f"the constants need {missing} bytes more flash than {target.name} has",
            where=f"tensor '{worst_constant.name}' ({worst_constant.nbytes} bytes)",
            advice="a smaller or quantised model",
        )
