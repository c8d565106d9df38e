"""A Program as model.c and model.h, through the templates of codegen/."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from odl import __version__
from odl.emit.names import identifiers, string
from odl.emit.templates import environment
from odl.program import SKIPS, Call, Program, Ref, Tensor, Transfer
from odl.target import Memory

PER_LINE = 8
PART = 8192 * PER_LINE
"""Values that are text at the same time."""


def write_sources(
    program: Program, source: str, memories: tuple[Memory, ...] = ()
) -> dict[str, str]:
    """The generated files by name.

    Args:
        source: the model file's name, for the heading.
        memories: the target's, for the sections that the arenas stand in.
    """
    context = _context(program, source, memories)
    templates, files = environment(), ("model.h", "model.c")
    return {f: templates.get_template(f"{f}.j2").render(context) for f in files}


def _context(program: Program, source: str, memories: tuple[Memory, ...]) -> dict[str, Any]:
    arena = [t.name for t in program.tensors if t.buffer]
    fixed = [t.name for t in program.tensors if t.data is not None]
    names = {**identifiers(arena, "T_"), **identifiers(fixed, "k_")}
    tensors = [_tensor(program, t, names[t.name], i) for i, t in enumerate(program.listed)]
    by_name = {t["label"]: t for t in tensors}
    inputs, outputs = identifiers(program.inputs, "IN_"), identifiers(program.outputs, "OUT_")
    return {
        "name": program.name,
        "NAME": program.name.upper(),
        "version": __version__,
        "source": source,
        "target": program.target,
        "cores": program.cores,
        "arena_bytes": max(program.arenas.get(program.home, 0), 1),
        "section": _section(program.home, memories),
        "near": [
            {
                "name": m,
                "id": _arena(program, m),
                "bytes": size,
                "section": _section(m, memories),
            }
            for m, size in program.arenas.items()
            if m != program.home
        ],
        "constant_bytes": program.constant_bytes,
        "macs": program.macs,
        "ratio": program.plan_ratio,
        "planner": program.planner,
        **_training(program, names),
        "hash": [f"0x{b:02x}" for b in program.model_hash],
        "tensors": tensors,
        "placed": [_tensor(program, program.tensor[n], names[n]) for n in arena],
        "inputs": [{**by_name[n], "id": inputs[n].upper()} for n in program.inputs],
        "outputs": [{**by_name[n], "id": outputs[n].upper()} for n in program.outputs],
        "constants": [_constant(program.tensor[n], names[n]) for n in fixed],
        "calls": [_call(program, c, i, names) for i, c in enumerate(program.calls)],
    }


def _arena(program: Program, memory: str) -> str:
    """The C array that the tensors of a memory stand in."""
    return f"odl_{program.name}_{'arena' if memory == program.home else memory}"


def _section(memory: str, memories: tuple[Memory, ...]) -> str:
    """The attribute that puts an arena into its memory."""
    section = next((m.section for m in memories if m.name == memory), "")
    return f' __attribute__((section("{section}")))' if section else ""


def _training(program: Program, names: dict[str, str]) -> dict[str, Any]:
    """What only a training step has; `forward` are the steps of an inference."""
    t = program.training
    filled = [*program.presets, *((s.tensor, s.first) for s in program.states if s.first)]
    firsts = [
        {"id": names[tensor], "first": names[first], "bytes": program.tensor[first].nbytes}
        for tensor, first in filled
    ]
    if t is None:
        return {"training": None, "firsts": firsts, "forward": len(program.calls)}
    return {
        "training": {"in_row": names[t.in_row]},
        "firsts": firsts,
        "forward": t.forward,
        "state_bytes": program.state_bytes,
        "skips": SKIPS,
    }


def _tensor(program: Program, t: Tensor, identifier: str, number: int = -1) -> dict[str, Any]:
    place = {"arena": "", "offset": 0, "life": "constant"}
    if t.buffer:
        b = program.buffer[t.buffer]
        place = {
            "arena": _arena(program, b.memory),
            "offset": b.offset,
            "life": f"steps {b.first} to {b.last}",
        }
    return {
        **place,
        "number": number,
        "label": t.name,
        "string": string(t.name),
        "id": identifier,
        "type": str(t),
        "c": t.dtype.c,
        "dims": t.shape,
        "elements": t.elements,
        "bytes": t.nbytes,
        "constant": t.data is not None,
        "dtype": f"ODL_{t.dtype.name.upper()}",
        "kind": f"ODL_{t.kind.upper()}",
    }


def _constant(t: Tensor, identifier: str) -> dict[str, Any]:
    assert t.data is not None
    return {
        "label": t.name,
        "id": identifier,
        "type": str(t),
        "c": t.dtype.c,
        "elements": t.elements,
        "text": _values(np.ascontiguousarray(t.data, t.dtype.numpy).ravel()),
    }


def _values(data: npt.NDArray[Any]) -> str:
    """In parts, for a word is thirty times as large in Python as in C."""
    parts = (data[at : at + PART] for at in range(0, data.size, PART))
    return ",\n".join(map(_lines, parts))


def _lines(data: npt.NDArray[Any]) -> str:
    words = [scalar(v) for v in data.tolist()] if data.dtype.kind != "f" else _floats(data)
    lines = (", ".join(words[i : i + PER_LINE]) for i in range(0, len(words), PER_LINE))
    return ",\n".join(f"    {line}" for line in lines)


def _floats(data: npt.NDArray[Any]) -> list[str]:
    """The shortest decimals that read back as the same floats."""
    suffix, cast = ("f16", "(_Float16)") if data.dtype == np.float16 else ("f", "")
    return [_float_word(w, suffix, cast) for w in data.astype(str).tolist()]


def _float_word(word: str, suffix: str = "f", cast: str = "") -> str:
    special = {"inf": "__builtin_inff()", "-inf": "-__builtin_inff()", "nan": '__builtin_nanf("")'}
    return f"{cast}{special[word]}" if word in special else f"{word}{suffix}"


def scalar(value: Any) -> str:
    """A C literal for an int, a bool or a float of single precision."""
    if isinstance(value, float):
        return _float_word(str(np.float32(value)))
    if value == -(2**63):
        return "(-9223372036854775807LL - 1)"
    return f"{int(value)}" if -(2**31) < int(value) < 2**31 else f"{int(value)}LL"


def _call(program: Program, call: Call, number: int, names: dict[str, str]) -> dict[str, Any]:
    outs = [r.tensor for r in call.refs(call.kernel.writes)]
    title = call.node or next(iter(outs), "") or "transfers"
    identifier = identifiers([title], f"s{number:02d}_")[title]
    operands = [f"{r.tensor} {program.tensor[r.tensor]}" for r in call.refs(call.kernel.reads)]
    macs = f", {call.macs:,} MAC" if call.macs else ""
    result = f"{outs[0]} {program.tensor[outs[0]]}" if outs else ""
    when = f", when {call.when.tensor}" if call.when else ""
    work = f" {call.node}: {', '.join(operands)} -> {result}{macs}" if outs else ""
    return {
        "id": identifier,
        "label": f"{number}. {call.op}{work}{when}",
        "struct": f"odl_{call.kernel.name}",
        "function": call.function,
        "args": [(k, _argument(v, names)) for k, v in call.args.items() if v is not None],
        "transfers": [_transfer(t, names) for t in call.transfers],
        "when": names[call.when.tensor] if call.when else "",
    }


def _transfer(move: Transfer, names: dict[str, str]) -> dict[str, Any]:
    return {
        "tile": names[move.tile],
        "tensor": names[move.tensor],
        "offset": move.offset,
        "row": move.row,
        "rows": move.rows,
        "stride": move.stride,
        "into": int(move.into),
        "label": move.tensor,
    }


def _argument(value: Any, names: dict[str, str]) -> str:
    if isinstance(value, Ref):
        return names[value.tensor] + (f" + {value.offset}" if value.offset else "")
    if isinstance(value, tuple):
        return "{" + ", ".join(scalar(v) for v in value) + "}"
    return scalar(value)
