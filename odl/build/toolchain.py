"""Find a target's C compiler: the ziglang wheel's zig, or clang or gcc from the system."""

from __future__ import annotations

from dataclasses import dataclass

from odl.errors import DeviceError, UsageError
from odl.programs import find_program
from odl.target import Target

_PACKAGES = {
    "zig": "pip install 'odl-mcu[sim]'",
    "clang": "apt install clang-19 lld-19",
    "gcc": "apt install gcc",
    "riscv64-unknown-elf-gcc": "apt install gcc-riscv64-unknown-elf",
}


@dataclass(frozen=True)
class Compiler:
    """A C compiler that is installed, aimed at a target."""

    name: str
    """Of the tool chain: zig, clang or gcc."""
    command: tuple[str, ...]
    """Program and flags for everything that it does."""
    ldflags: tuple[str, ...]
    """More, for linking."""


def compiler(target: Target, name: str = "", dtypes: tuple[str, ...] = ()) -> Compiler:
    """The compiler that builds for the target.

    Args:
        name: zig, clang or gcc; the target's first tool chain that is installed if empty.
        dtypes: element types that it must know.

    Raises:
        UsageError: the target does not know the tool chain, or that not the types.
        DeviceError: it is not installed.
    """
    chains = target.build.toolchains
    if name and name not in chains:
        raise UsageError(
            f"target {target.name} has no tool chain '{name}'", advice=f"it has {', '.join(chains)}"
        )
    able = [n for n, chain in chains.items() if not set(chain.lacks) & set(dtypes)]
    asked = [name] if name else list(chains)
    if not set(asked) & set(able):
        lacking = ", ".join(d for d in dtypes if d in chains[asked[0]].lacks)
        raise UsageError(
            f"tool chain {asked[0]} has no {lacking}, which the model needs",
            advice=f"use --toolchain {' or '.join(able)}" if able else "compile for another target",
        )
    for candidate in [name] if name else able:
        program, *words = chains[candidate].command
        if (path := find_program(program)) is not None:
            chain = chains[candidate]
            return Compiler(candidate, (path, *words, *chain.flags), chain.ldflags)
    wanted = chains[name or able[0]].command[0]
    raise DeviceError(
        f"the C compiler '{wanted}' is not installed",
        advice=_PACKAGES.get(wanted, f"install {wanted}, or choose another with --toolchain"),
    )


def installed(target: Target) -> list[str]:
    """The target's tool chains that this machine has."""
    return [n for n, chain in target.build.toolchains.items() if find_program(chain.command[0])]
