"""A simulated cluster that runs the calls of any Program: one build for all shapes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.build.build import build
from odl.compile import Compiled
from odl.emit.project import write_project
from odl.plan.interpret import POISON
from odl.program import Call, Program, Tensor
from odl.project import describe, read
from odl.result import Check
from odl.run.simulator import Simulator
from odl.run.verify import Verifier
from tests.firmware.hostcc import FIRMWARE
from tests.firmware.pulp import Machine

PUT, GET, RUN = range(3)
"""Requests to pulp_kernels.c."""
MEMORY = 0x18000
"""Bytes that it has for tensors."""
TEAMS = (8, 1, 2, 3, 5)

Array = npt.NDArray[Any]


def _aligned(n: int) -> int:
    return -(-n // 16) * 16


@dataclass(frozen=True)
class Cluster:
    """A running program that has `functions`, and whose memory begins at `where`."""

    machine: Machine
    functions: list[str]
    where: int

    def fits(self, program: Program) -> bool:
        """Whether all of it stands in the memory at once."""
        moves = any(call.transfers for call in program.calls)
        return sum(_sizes(program)) <= MEMORY and not moves

    def run(self, program: Program, inputs: dict[str, Array], cores: int) -> dict[str, Array]:
        """Every listed tensor as it was when complete; memory holds just the inputs at first."""
        assert self.fits(program)
        places, seen = _places(program), dict(inputs)
        image = np.full(sum(_sizes(program)), POISON, np.uint8)
        given = {t.name: t.data for t in program.tensors if t.data is not None} | inputs
        given |= {tile: given[constant] for tile, constant in program.presets}
        for name, value in given.items():
            t = program.tensor[name]
            data = np.ascontiguousarray(value, t.dtype.numpy).reshape(-1).view(np.uint8)
            image[places[name] : places[name] + data.size] = data
        self.machine.send(PUT, 0, image.size, image.view(np.uint32))
        for step, call in enumerate(program.calls):
            assert call.when is None
            words = self._words(call, places)
            number = self.functions.index(call.function)
            self.machine.send(RUN, number, cores, len(words), np.array(words, np.uint32))
            assert self.machine.receive(1) == [len(words)]
            for t in program.produced_by(step):
                if t in program.listed:
                    seen[t.name] = self._read(t, places[t.name])
        return seen

    def _read(self, tensor: Tensor, at: int) -> Array:
        size = _aligned(tensor.nbytes)
        self.machine.send(GET, at, size)
        data = self.machine.receive(size // 4).tobytes()[: tensor.nbytes]
        return np.frombuffer(data, tensor.dtype.numpy).reshape(tensor.shape)

    def _words(self, call: Call, places: dict[str, int]) -> list[int]:
        """The argument struct, all of whose fields are words."""
        operands, words = {*call.kernel.reads, *call.kernel.writes}, list[int]()
        for name, value in call.args.items():
            if name in operands:
                at = 0 if value is None else self.where + places[value.tensor] + value.offset
                words.append(at)
            else:
                numbers = value if isinstance(value, tuple) else (value,)
                kind = np.float32 if any(isinstance(n, float) for n in numbers) else np.int32
                words += np.array(numbers, kind).view(np.uint32).tolist()
        return words


def _sizes(program: Program) -> list[int]:
    constants = (_aligned(t.nbytes) for t in program.tensors if t.data is not None)
    return [*(_aligned(n) for n in program.arenas.values()), *constants]


def _places(program: Program) -> dict[str, int]:
    """Where tensors are: arenas one behind the other, then constants."""
    at, first, places = 0, dict[str, int](), dict[str, int]()
    for memory, size in program.arenas.items():
        first[memory] = at
        at += _aligned(size)
    for t in program.tensors:
        if t.data is not None:
            places[t.name] = at
            at += _aligned(t.nbytes)
        else:
            buffer = program.buffer[t.buffer]
            places[t.name] = first[buffer.memory] + buffer.offset
    return places


@contextmanager
def cluster(programs: list[Compiled], folder: Path) -> Iterator[Cluster]:
    """With all kernels that `programs`, which are for one target, call."""
    files = {c.function: c.file for p in programs for c in p.program.calls if c.function}
    some = programs[0]
    write_project(some.program, some.target, some.stages, folder, "test.onnx")
    project = read(folder)
    for part in ("kernels", "include"):
        shutil.copytree(FIRMWARE / part, folder / part, dirs_exist_ok=True)
    harness = Path(__file__).parents[1] / "firmware/pulp_kernels.c"
    for file in (harness, harness.with_name("receive.h")):
        shutil.copy(file, folder)
    (folder / "kernels.inc").write_text("".join(f"KERNEL({f})\n" for f in files))
    sources = {s for s in project.sources if s.startswith("target/")} | {harness.name}
    sources |= {f"kernels/{file}" for file in files.values()}
    port = Simulator(
        project.target,
        folder,
        Path(build(replace(project, sources=tuple(sorted(sources)))).elf),
        project.cores,
    )
    try:
        machine = Machine(port)
        yield Cluster(machine, list(files), int(machine.receive(1)[0]))
    finally:
        port.close()


def judged(
    compiled: Compiled, inputs: dict[str, Array], found: dict[str, Array], folder: Path
) -> Check | None:
    """The first tensor that is not within its bound."""
    for name in ("canonical", "imported"):
        (folder / f"{name}.onnx").write_bytes(compiled.stages[name].SerializeToString())
    verifier = Verifier(describe(compiled.program, compiled.target, folder, [], "test.onnx"))
    verifier.add(inputs, found)
    return verifier.verdict.diverged


def agree(machine: Cluster, compiled: Compiled, inputs: dict[str, Array], folder: Path) -> None:
    """Within the bounds on the whole team, and the same bits on every other."""
    first = machine.run(compiled.program, inputs, TEAMS[0])
    assert judged(compiled, inputs, first, folder) is None
    for cores in TEAMS[1:]:
        again = machine.run(compiled.program, inputs, cores)
        for name in compiled.program.outputs:
            assert again[name].tobytes() == first[name].tobytes(), f"{name} on {cores} cores"
