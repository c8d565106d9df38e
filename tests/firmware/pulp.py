"""Bare-metal programs on a gap9 that Spike simulates: built, started and spoken to in words."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from odl.build.plugin import build_plugin
from odl.build.toolchain import compiler
from odl.run.simulator import Simulator
from odl.target import Target, load
from tests.firmware.hostcc import FIRMWARE, ROOT

SECONDS = 20
"""The longest that a program may stay silent."""

RUN, PUT, GET = range(3)
"""Requests to pulp_instructions.c."""
CHUNK = 4096
"""Triples that it takes at once."""
MEMORY = 4096
"""Bytes of memory that it lends to the code."""
ZERO, A, B, D = 0, 13, 14, 15
"""Registers of the operands: rs1, rs2 and rd."""

Words = npt.NDArray[np.uint32]


def gap9(bank_conflicts: bool) -> Target:
    """The target, its command with that option of the cluster's device."""
    target = load("gap9")
    plain = "--device=cluster_peripherals"
    device = plain + ",bank_conflicts" * bank_conflicts
    command = tuple(device if word == plain else word for word in target.run.command)
    return replace(target, run=replace(target.run, command=command))


def build(folder: Path, *harness: str) -> Path:
    """An ELF of the target's start-up and platform, with files of tests/firmware for main."""
    target = load("gap9")
    build_plugin(target)
    (folder / "target").symlink_to(ROOT / "targets")
    chain = compiler(target)
    replaced = ("gap9/team.c",)
    sources = [str(ROOT / "targets" / s) for s in target.build.sources if s not in replaced]
    sources += [str(Path(__file__).with_name(name)) for name in harness]
    includes = [f"-I{ROOT / 'targets' / i}" for i in target.build.includes]
    flags = [*target.build.cflags, "-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    done = subprocess.run(
        [
            *(*chain.command, *flags, "-DODL_CORES=8", f"-I{FIRMWARE / 'include'}", *includes),
            *(*sources, *chain.ldflags, *target.build.ldflags),
            *(f"-Wl,-T,{ROOT / 'targets' / target.build.link_script}", "-o", folder / "program"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return folder / "program"


@dataclass(frozen=True)
class Machine:
    """A running program that answers in words."""

    port: Simulator
    read: bytearray = field(default_factory=bytearray)
    """What has come and was not yet asked for."""

    def send(self, *words: int | Words) -> None:
        self.port.write(b"".join(np.asarray(w, np.uint32).tobytes() for w in words))

    def receive(self, count: int) -> Words:
        while len(self.read) < 4 * count:
            more = self.port.read(SECONDS)
            assert more, "the program is silent"
            self.read.extend(more)
        words = np.frombuffer(bytes(self.read[: 4 * count]), np.uint32)
        del self.read[: 4 * count]
        return words


@contextmanager
def started(folder: Path, program: Path, bank_conflicts: bool = False) -> Iterator[Machine]:
    port = Simulator(gap9(bank_conflicts), folder, program, 8)
    try:
        yield Machine(port)
    finally:
        port.close()


def r_type(opcode: int, funct3: int, funct7: int, rs2: int = B) -> int:
    return funct7 << 25 | rs2 << 20 | A << 15 | funct3 << 12 | D << 7 | opcode


def run(machine: Machine, code: list[int], a: Words, b: Words, d: Words) -> Words:
    """The three registers after `code`, for each triple: [triples, 3]."""
    triples = np.stack(np.broadcast_arrays(a, b, d), axis=1).astype(np.uint32)
    after = []
    for at in range(0, len(triples), CHUNK):
        part = triples[at : at + CHUNK]
        machine.send(RUN, len(code), len(part), np.array(code), np.ascontiguousarray(part))
        after.append(machine.receive(part.size).reshape(-1, 3))
    return np.concatenate(after)


def set_mode(mode: int) -> int:
    """csrrwi zero, frm, mode"""
    return 0x2 << 20 | mode << 15 | 5 << 12 | 0x73


def agree(found: Words, expected: Words, *operands: Words) -> None:
    wrong = np.flatnonzero(found != expected)
    assert not len(wrong), (
        f"{len(wrong)} differ; of {[hex(o[wrong[0]]) for o in operands]}: "
        f"{found[wrong[0]]:#x}, not {expected[wrong[0]]:#x}"
    )
