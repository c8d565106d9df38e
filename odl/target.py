"""target.toml as a frozen dataclass: the facts about a machine that odl compiles for."""

from __future__ import annotations

import difflib
import sys
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from odl import assets
from odl.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")


@dataclass(frozen=True)
class Memory:
    """A memory level that holds tensors."""

    name: str
    bytes: int
    section: str = ""
    """Of the object file, where the linker does not put uninitialised data there by itself."""


@dataclass(frozen=True)
class ToolChain:
    """How one compiler builds for the target."""

    command: tuple[str, ...]
    """The C compiler; a `zig` first word is the one of the ziglang wheel."""
    flags: tuple[str, ...] = ()
    """Flags of this compiler alone: triple, CPU, ABI."""
    ldflags: tuple[str, ...] = ()
    """The same, for linking."""
    lacks: tuple[str, ...] = ()
    """Element types that it has no C type for."""


@dataclass(frozen=True)
class Build:
    """What is compiled beside the model, kernels and run time."""

    sources: tuple[str, ...]
    """C and assembly, relative to targets/."""
    toolchains: dict[str, ToolChain]
    """By name; the first is the default."""
    replaces: tuple[str, ...] = ()
    """Files of firmware/ that the target has its own of, such as runtime/team.c."""
    includes: tuple[str, ...] = ()
    """Folders of headers, relative to targets/."""
    link_script: str = ""
    """Relative to targets/."""
    cflags: tuple[str, ...] = ()
    kernel_cflags: tuple[str, ...] = ()
    """For kernels alone: the run time's arithmetic is exact only without contraction."""
    ldflags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """How the program is started on this machine, without a board."""

    command: tuple[str, ...]
    """`{elf}`, `{cores}`, `{isa}`, `{socket}`, `{dtb}` and `{plugin}` stand for what their names
    say."""
    wire: str
    """`stdio`, or `socket` where the simulator connects to a socket that the runner listens on."""
    needs: str = ""
    """What to install where the command is missing."""
    isa: str = ""
    """The simulated core's instruction set, in the simulator's words."""
    dts: str = ""
    """Template of the device tree that `{dtb}` is made from, relative to targets/; it is given
    `cores` and `isa`."""
    plugin: str = ""
    """Folder of the C++ sources that `{plugin}` is compiled from on first use, relative to
    targets/."""


@dataclass(frozen=True)
class Target:
    """One machine, as its target.toml states it."""

    name: str
    description: str
    cores: int
    """The most cores that its start-up code brings up."""
    default_cores: int
    counter: str
    """What the platform counts per core: instructions, cycles or nanoseconds."""
    flash: int
    """Bytes for code and constants."""
    memories: tuple[Memory, ...]
    """Fastest first. The last is home to all tensors that do not fit into a faster one."""
    build: Build
    run: Run
    kernels: tuple[str, ...] = ()
    """Suffixes of kernel files for its ISA, best first; the portable kernel is the last resort."""
    dtypes: tuple[str, ...] = ("f32", "f16", "i8", "u8", "i32", "i64", "b8")
    alignment: int = 4
    """Of tensors in memory, in bytes; never less than an element."""

    @property
    def folder(self) -> Path:
        return assets.TARGETS / self.name


def names() -> list[str]:
    """The targets that are installed."""
    return sorted(p.parent.name for p in assets.TARGETS.glob("*/target.toml"))


def load(name: str) -> Target:
    """Read targets/NAME/target.toml.

    Raises:
        UsageError: the target does not exist, or its file has an unknown, missing or ill-typed key.
    """
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {close[0]}" if close else f"known: {', '.join(names())}"
        raise UsageError(f"there is no target '{name}'", advice=hint)
    where = f"targets/{name}/target.toml"
    data = read_toml(assets.TARGETS / name / "target.toml", where)
    return parse(Target, {"name": name, **data}, where)


def read_toml(path: Path, where: str) -> dict[str, Any]:
    """The contents of one of our files of facts.

    Raises:
        UsageError: it is not TOML.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as e:
        raise UsageError(f"not valid TOML: {e}", where=where) from e
    return data


def parse(cls: type[T], data: dict[str, Any], where: str) -> T:
    """Facts as a dataclass of strings, numbers, tuples and the tables of a target.

    Raises:
        UsageError: a key is unknown, missing or of the wrong type.
    """
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0)
            raise UsageError(f"unknown key '{key}'", where=where, advice=f"nearest: {close[0]}")
    hints = get_type_hints(cls)
    values = {}
    for key, f in known.items():
        if key in data:
            values[key] = _convert(hints[key], data[key], f"{where}: {key}")
        elif f.default is MISSING and f.default_factory is MISSING:
            raise UsageError(f"key '{key}' is missing", where=where)
    return cls(**values)


def _convert(hint: Any, value: Any, where: str) -> Any:
    nested = {Memory: Memory, Build: Build, Run: Run, ToolChain: ToolChain}.get(hint)
    if nested is not None and isinstance(value, dict):
        return parse(nested, value, where)
    if hint == dict[str, ToolChain] and isinstance(value, dict):
        return {k: parse(ToolChain, v, f"{where}.{k}") for k, v in value.items()}
    if hint == tuple[Memory, ...] and isinstance(value, list):
        return tuple(parse(Memory, v, where) for v in value)
    if hint == tuple[str, ...] and isinstance(value, list):
        if all(isinstance(v, str) for v in value):
            return tuple(value)
    elif hint in (int, str) and type(value) is hint:
        return value
    raise UsageError(f"has the wrong type ({type(value).__name__})", where=where)
