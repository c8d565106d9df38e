"""The Program: where and when. Kernel calls in order, tensors at byte offsets, all decided.

A Program is data. It can be printed (`str`), checked (`verify`), run on NumPy (`plan.interpret`)
and written as C (`emit`). The graph, an ONNX model, says what; it is no longer needed from here on.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy.typing as npt

from odl.dtype import DType
from odl.errors import printable
from odl.program_state import State, Training
from odl.tiling import Args, Tiling

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
    tiling: Tiling | None = field(default=None, compare=False)
    """How its calls are cut; None: they are not."""
    gates: dict[str, str] = field(default_factory=dict, compare=False)
    """Operands whose values do not matter where another one, a boolean of one element, is false."""
    cycles: Callable[[Args, int], float] | None = field(default=None, compare=False)
    """Estimated, of a cluster, from the arguments and the bytes of an element; None: unknown."""
    joins: Callable[[Iterable[bool]], bool] | None = field(default=None, compare=False)
    """`all` or `any`: what it says of booleans."""

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


IDLE = Kernel("idle", lambda: None)
"""No kernel: a step that only waits for its transfers."""


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
class Transfer:
    """`rows` rows of `row` bytes, copied between a tensor and a tile, where they are dense.

    It runs beside the call that it belongs to, and is complete when that is.
    """

    tensor: str
    tile: str
    into: bool
    """Whether the tile is filled; otherwise the tensor is."""
    offset: int
    """Bytes from the tensor's beginning to the first row."""
    row: int
    rows: int = 1
    stride: int = 0
    """Bytes from one row to the next."""

    @property
    def nbytes(self) -> int:
        return self.row * self.rows

    def meets(self, other: Transfer) -> bool:
        """Whether they may touch the same bytes of one tensor; in doubt, they do."""
        if self.tensor != other.tensor:
            return False
        ends = [t.offset + (t.rows - 1) * t.stride + t.row for t in (self, other)]
        if self.offset >= ends[1] or other.offset >= ends[0]:
            return False
        if self.stride != other.stride or self.rows == 1 or other.rows == 1:
            return True
        a, b = self.offset % self.stride, other.offset % self.stride
        wraps = max(a + self.row, b + other.row) > self.stride
        return wraps or (a < b + other.row and b < a + self.row)

    def __str__(self) -> str:
        far = f"%{_text(self.tensor)}+{self.offset}"
        size = f"{self.row}" if self.rows == 1 else f"{self.rows}x{self.row}/{self.stride}"
        near = f"%{_text(self.tile)}"
        return f"{near} <- {far} {size}" if self.into else f"{far} <- {near} {size}"


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
    transfers: tuple[Transfer, ...] = ()
    """Those that run beside it."""
    when: Ref | None = None
    """The boolean without which the kernel is not called; transfers run all the same."""

    def __post_init__(self) -> None:
        if list(self.args) != list(self.kernel.fields):
            raise TypeError(
                f"{self.kernel.name}: fields {list(self.args)} are not those of the struct"
            )

    @property
    def function(self) -> str:
        """Name of the C function; empty for a step that only waits."""
        if self.kernel is IDLE:
            return ""
        return f"odl_{self.kernel.name}_{self.variant}" + (f"_{self.isa}" if self.isa else "")

    def refs(self, names: tuple[str, ...]) -> Iterator[Ref]:
        """The operands among `names` that are present."""
        return (self.args[n] for n in names if self.args[n] is not None)

    @property
    def sources(self) -> Iterator[Ref]:
        """All that the step looks at: what the kernel reads, and its condition."""
        yield from self.refs(self.kernel.reads)
        yield from () if self.when is None else (self.when,)

    def __str__(self) -> str:
        args = ", ".join(f"{k}={v}" for k, v in self.args.items() if v is not None)
        name = f"{self.kernel.name}.{self.variant}" if self.variant else self.kernel.name
        beside = "".join(f"; {t}" for t in self.transfers)
        when = f" when {self.when}" if self.when is not None else ""
        return f"{name}({args}){when}{beside}"


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

    `kind` is input, state, output, inner, scratch, tile or constant. Constants carry `data` and no
    buffer; tiles hold parts of other tensors.
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
class Program:
    """Calls in order over tensors in place.

    `lower_bound` is the least that any plan of the home memory needs, which is the last one that is
    used: the others hold tiles.
    """

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
    presets: tuple[tuple[str, str], ...] = ()
    """Tiles that hold a constant from the start on, each with that."""

    @cached_property
    def tensor(self) -> dict[str, Tensor]:
        return {t.name: t for t in self.tensors}

    @cached_property
    def listed(self) -> tuple[Tensor, ...]:
        """What the device can be asked for, in order: all but plain weights and scratch memory."""
        kept = (t for t in self.tensors if t.buffer or t.name in self.outputs)
        return tuple(t for t in kept if t.kind not in ("scratch", "tile"))

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

    @cached_property
    def home(self) -> str:
        """The memory in which inputs, outputs and states live."""
        fixed = (*self.inputs, *self.outputs)
        named = (self.tensor[n].buffer for n in fixed)
        return next((self.buffer[b].memory for b in named if b), next(iter(self.arenas), ""))

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
        """Bytes of the home memory's arena over the lower bound; 1.0 is optimal."""
        return self.arenas.get(self.home, 0) / self.lower_bound if self.lower_bound else 1.0

    @cached_property
    def ready(self) -> dict[str, int]:
        """The step after which each tensor is complete; -1 for what is there from the start."""
        steps = {t.name: -1 for t in self.tensors}
        for i, call in enumerate(self.calls):
            for ref in call.refs(call.kernel.writes):
                steps[ref.tensor] = i
            for move in call.transfers:
                if not move.into:
                    steps[move.tensor] = i
        for t in self.tensors:
            if t.view_of:
                steps[t.name] = steps[t.view_of]
        return steps

    @cached_property
    def origin(self) -> dict[str, str]:
        """Of each tensor, the one whose bytes it shows: as a view, or as a tile of it."""
        found = {t.name: t.view_of or t.name for t in self.tensors}
        found |= {m.tile: found[m.tensor] for call in self.calls for m in call.transfers}
        return {**found, **dict(self.presets)}

    @cached_property
    def conditions(self) -> dict[str, str]:
        """Tensors that are only made where a condition holds, each with that."""
        conditional = [(c, c.when.tensor) for c in self.calls if c.when is not None]
        made = {
            self.origin[ref.tensor]: self.origin[when]
            for call, when in conditional
            for ref in call.refs(call.kernel.writes)
        }
        return {t.name: made[o] for t in self.tensors if (o := self.origin[t.name]) in made}

    @cached_property
    def _produced(self) -> dict[int, list[Tensor]]:
        found: dict[int, list[Tensor]] = {}
        for t in self.tensors:
            found.setdefault(self.ready[t.name], []).append(t)
        return found

    def produced_by(self, step: int) -> list[Tensor]:
        """The tensors that are complete once call `step` has run, and were not before."""
        return self._produced.get(step, [])

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
