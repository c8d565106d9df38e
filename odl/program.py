"""The Program: where and when. Kernel calls in order, tensors at byte offsets, all decided.

A Program is data. It can be printed (`str`), checked (`verify`), run on NumPy (`plan.interpret`)
and written as C (`emit`). The graph, an ONNX model, says what; it is no longer needed from here on.
"""

from __future__ import annotations

import inspect
import itertools
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy.typing as npt

from odl.dtype import DType
from odl.errors import printable

ELEMENTS = 1 << 28
"""At most, of one tensor: no microcontroller holds more, and no size leaves 64 bits."""

DIMENSIONS = 255
"""At most, of one tensor: struct odl_tensor counts them in 8 bits."""

SKIPS = 16
"""After so many steps in a row without an update, training has failed."""

In = npt.NDArray[Any]
"""A kernel operand that is read: the flat elements from the Ref to the end of its tensor."""
Out = npt.NDArray[Any]
"""A kernel operand that is written."""


@dataclass(frozen=True)
class Kernel:
    """One kernel of firmware/kernels: its argument struct and its meaning in NumPy.

    The signature of `run` is `struct odl_<name>` of kernels.h, field for field: operands are
    annotated `In` or `Out`, the rest are int, float or tuples of int.
    """

    name: str
    run: Callable[..., None]

    @cached_property
    def fields(self) -> dict[str, str]:
        """Field name to annotation, in the order of the C struct."""
        return {p.name: str(p.annotation) for p in inspect.signature(self.run).parameters.values()}

    @cached_property
    def reads(self) -> tuple[str, ...]:
        return tuple(n for n, kind in self.fields.items() if kind.startswith("In"))

    @cached_property
    def writes(self) -> tuple[str, ...]:
        return tuple(n for n, kind in self.fields.items() if kind.startswith("Out"))


def kernel(run: Callable[..., None]) -> Kernel:
    """Declare the kernel that `run` describes; the function's name is the kernel's."""
    return Kernel(run.__name__, run)


def _text(name: str) -> str:
    """A name from the model, whole, on one line."""
    return printable(name, limit=sys.maxsize)


@dataclass(frozen=True)
class Ref:
    """An operand: a tensor, from byte `offset` on."""

    tensor: str
    offset: int = 0

    def __str__(self) -> str:
        return f"%{_text(self.tensor)}" + (f"+{self.offset}" if self.offset else "")


@dataclass(frozen=True)
class Call:
    """One kernel call. `args` has exactly the kernel's fields; an absent operand is None."""

    kernel: Kernel
    variant: str
    """The types of the kernel's body: `f32`, or `f32_i64` where input and output differ."""
    args: dict[str, Any]
    overlay: tuple[str, ...] = ()
    """Operands whose memory the output may take over, element for element."""
    node: str = ""
    """The node of the model that this call computes, and its operator."""
    op: str = ""
    macs: int = 0
    isa: str = ""
    """Suffix of the kernel body chosen for the target; empty for the portable one."""
    file: str = ""
    """The file of firmware/kernels that defines the function."""

    def __post_init__(self) -> None:
        if list(self.args) != list(self.kernel.fields):
            raise TypeError(
                f"{self.kernel.name}: fields {list(self.args)} are not those of the struct"
            )

    @property
    def function(self) -> str:
        """Name of the C function."""
        return f"odl_{self.kernel.name}_{self.variant}" + (f"_{self.isa}" if self.isa else "")

    def refs(self, names: tuple[str, ...]) -> Iterator[Ref]:
        """The operands among `names` that are present."""
        return (self.args[n] for n in names if self.args[n] is not None)

    def __str__(self) -> str:
        shown = {k: v for k, v in self.args.items() if v is not None}
        args = ", ".join(f"{k}={v}" for k, v in shown.items())
        return f"{self.kernel.name}.{self.variant}({args})"


@dataclass(frozen=True)
class Buffer:
    """A piece of an arena that lives from step `first` to step `last`, both included."""

    name: str
    memory: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Tensor:
    """A named tensor of the graph and the place where it stands.

    `kind` is input, state, output, inner, scratch or constant. Constants carry `data` and no
    buffer.
    Several tensors share a buffer where one is a view of another or has taken over its memory.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    kind: str
    buffer: str = ""
    view_of: str = ""
    """The tensor whose bytes this one renames; never itself a view."""
    data: npt.NDArray[Any] | None = field(default=None, compare=False, repr=False)

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.elements * self.dtype.size

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


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


@dataclass(frozen=True)
class Program:
    """Calls in order over tensors in place; `lower_bound` is the least that any plan needs."""

    name: str
    model_hash: bytes
    target: str
    cores: int
    alignment: int
    tensors: tuple[Tensor, ...]
    buffers: tuple[Buffer, ...]
    calls: tuple[Call, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    lower_bound: int
    planner: str
    training: Training | None = None

    @cached_property
    def tensor(self) -> dict[str, Tensor]:
        return {t.name: t for t in self.tensors}

    @cached_property
    def listed(self) -> tuple[Tensor, ...]:
        """What the device can be asked for, in order: all but plain weights and scratch memory."""
        kept = (t for t in self.tensors if t.buffer or t.name in self.outputs)
        return tuple(t for t in kept if t.kind != "scratch")

    @cached_property
    def buffer(self) -> dict[str, Buffer]:
        return {b.name: b for b in self.buffers}

    @cached_property
    def arenas(self) -> dict[str, int]:
        """Bytes of each memory level's arena."""
        sizes: dict[str, int] = {}
        for b in self.buffers:
            sizes[b.memory] = max(sizes.get(b.memory, 0), b.offset + b.size)
        return sizes

    @property
    def arena_bytes(self) -> int:
        return sum(self.arenas.values())

    @property
    def constant_bytes(self) -> int:
        return sum(t.nbytes for t in self.tensors if t.data is not None)

    @cached_property
    def states(self) -> tuple[State, ...]:
        return self.training.states if self.training else ()

    @property
    def state_bytes(self) -> int:
        """From the arena's start to the end of the last state: saving them is one copy."""
        buffers = [self.buffer[s.tensor] for s in self.states]
        return max((b.offset + b.size for b in buffers), default=0)

    @property
    def parameters(self) -> int:
        """Elements of the constants of floating point type."""
        return sum(t.elements for t in self.tensors if t.data is not None and t.dtype.is_float)

    @property
    def peak(self) -> tuple[int, list[Buffer]]:
        """The step at which most bytes are live, and their buffers, largest first."""
        at, best = 0, list[Buffer]()
        for step in sorted({b.first for b in self.buffers}):
            live = [b for b in self.buffers if b.first <= step <= b.last]
            if sum(b.size for b in live) > sum(b.size for b in best):
                at, best = step, live
        return at, sorted(best, key=lambda b: -b.size)

    @property
    def macs(self) -> int:
        return sum(c.macs for c in self.calls)

    @property
    def plan_ratio(self) -> float:
        """Arena bytes over the lower bound; 1.0 is optimal."""
        return self.arena_bytes / self.lower_bound if self.lower_bound else 1.0

    @cached_property
    def ready(self) -> dict[str, int]:
        """The step after which each tensor is complete; -1 for what is there from the start."""
        steps = {t.name: -1 for t in self.tensors}
        for i, call in enumerate(self.calls):
            for ref in call.refs(call.kernel.writes):
                steps[ref.tensor] = i
        for t in self.tensors:
            if t.view_of:
                steps[t.name] = steps[t.view_of]
        return steps

    def produced_by(self, step: int) -> list[Tensor]:
        """The tensors that are complete once call `step` has run, and were not before."""
        return [t for t in self.tensors if self.ready[t.name] == step]

    def __str__(self) -> str:
        lines = [f"program {self.name} for {self.target}, {self.cores} cores"]
        lines += [f"  arena {m}: {size} bytes" for m, size in self.arenas.items()]
        for t in self.tensors:
            place = "constant"
            if t.buffer:
                b = self.buffer[t.buffer]
                place = f"{b.memory}[{b.offset}:{b.offset + b.size}] steps {b.first}..{b.last}"
            lines.append(f"  {t.kind} %{_text(t.name)}: {t} {place}")
        lines += [f"  state %{_text(s.tensor)} -> %{_text(s.successor)}" for s in self.states]
        for i, call in enumerate(self.calls):
            lines.append(f"  {i}: {call}  # {call.op} {_text(call.node)}")
        return "\n".join(lines) + "\n"


def verify(program: Program) -> None:
    """Check that the Program is well formed; a failure is a fault of odl, not of the model.

    Raises:
        AssertionError: naming the first rule that is broken, and by what.
    """
    for b in program.buffers:
        assert b.offset % program.alignment == 0, f"buffer {b.name} stands unaligned at {b.offset}"
        assert b.first <= b.last, f"buffer {b.name} dies at {b.last} before its birth at {b.first}"
    _verify_disjoint(program)
    _verify_sharing(program)
    for i, call in enumerate(program.calls):
        for ref in call.refs(call.kernel.reads + call.kernel.writes):
            tensor = program.tensor[ref.tensor]
            assert ref.offset <= tensor.nbytes, f"step {i}: {ref} starts behind the tensor's end"
            if tensor.buffer:
                b = program.buffer[tensor.buffer]
                assert tensor.nbytes <= b.size, f"{tensor.name} is larger than its buffer"
                assert b.first <= i <= b.last, f"step {i} uses {ref} outside its life"
        for ref in call.refs(call.kernel.writes):
            assert program.tensor[ref.tensor].data is None, f"step {i} writes the constant {ref}"
        _verify_overlays(program, i, call)
    for s in program.states:
        buffer = program.tensor[s.tensor].buffer
        assert buffer == program.tensor[s.successor].buffer, f"state {s.tensor} moves"
    for name in (*program.outputs, *(s.successor for s in program.states)):
        t = program.tensor[name]
        end = len(program.calls)
        assert not t.buffer or program.buffer[t.buffer].last >= end, f"output {name} dies early"


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
        for ref in call.refs(call.kernel.reads):
            last_use[program.tensor[ref.tensor].view_of or ref.tensor] = step
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
