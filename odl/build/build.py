"""Compile and link a build folder; what is already built from the same bytes is kept."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from odl.build.objects import Objects, trim
from odl.build.plugin import build_plugin
from odl.build.toolchain import Compiler, compiler
from odl.errors import DeviceError
from odl.programs import search_path
from odl.project import Project

COMMON = (
    "-std=c11",
    "-O3",
    "-g",
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
    "-fno-math-errno",
    "-ffp-contract=off",
    "-ffunction-sections",
    "-fdata-sections",
)
SECONDS = 300
"""No compiler may take longer."""


@dataclass(frozen=True)
class Image:
    """A program that is ready to be flashed or run."""

    elf: str
    toolchain: str
    flash: int
    """Bytes of code, constants and initial values."""
    ram: int
    """Bytes of data, arena and stacks."""


def build(project: Project, toolchain: str = "", defines: tuple[str, ...] = ()) -> Image:
    """The folder's ELF, in its subfolder bin/.

    Args:
        toolchain: see `odl.build.toolchain.compiler`.
        defines: additional `NAME` or `NAME=VALUE`.

    Raises:
        UsageError: the target's tool chain cannot build this model.
        DeviceError: no compiler, or it refuses the sources (its own words are in the message).
    """
    if project.target.run.plugin:
        build_plugin(project.target)
    chain = compiler(project.target, toolchain, project.dtypes)
    flags = [
        *COMMON,
        *project.target.build.cflags,
        f"-DODL_CORES={project.cores}",
        f"-DODL_MODEL=odl_{project.name}_model",
        *(f"-D{d}" for d in defines),
        "-Iinclude",
        *(f"-Itarget/{include}" for include in project.target.build.includes),
    ]
    key = _key(project, chain, flags)
    bin_folder = project.folder / "bin"
    record = bin_folder / f"{chain.name}.json"
    if (kept := _kept(record, key)) is not None:
        return kept
    elf = bin_folder / f"{chain.name}.elf"
    bin_folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=bin_folder) as scratch:
        fresh = _compile(project, chain, flags, Path(scratch))
        image = Image(str(elf), chain.name, *_sizes(fresh))
        noted = Path(scratch) / "record.json"
        noted.write_text(
            json.dumps({"key": key, **asdict(image)}, indent=1) + "\n", encoding="utf-8"
        )
        os.replace(fresh, elf)
        os.replace(noted, record)
    return image


def _kept(record: Path, key: str) -> Image | None:
    """The image of an earlier build from the same bytes."""
    try:
        data = json.loads(record.read_text(encoding="utf-8"))
        image = Image(**data) if data.pop("key") == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return image if image is not None and Path(image.elf).is_file() else None


def _key(project: Project, chain: Compiler, flags: list[str]) -> str:
    """Changes when any byte that the compiler reads, or the compiler, does."""
    h = hashlib.sha256(repr((chain, flags, os.stat(chain.command[0]).st_mtime_ns)).encode())
    for path in sorted(project.folder.rglob("*")):
        inside = path.relative_to(project.folder)
        if path.is_file() and inside.parts[0] != "bin":
            h.update(str(inside).encode())
            h.update(path.read_bytes())
    return h.hexdigest()


def _compile(project: Project, chain: Compiler, flags: list[str], scratch: Path) -> Path:
    run = _runner(project.folder)
    objects = Objects(project.folder, run)

    def compiled(source: str, made: Path) -> str:
        extra = project.target.build.kernel_cflags if source.startswith("kernels/") else ()
        objects.compile([*chain.command, *flags, *extra], source, made)
        return str(made)

    places = [scratch / f"{i}.o" for i in range(len(project.sources))]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        made = list(pool.map(compiled, project.sources, places))
    trim()
    elf = scratch / "program.elf"
    link = [*chain.command, *chain.ldflags, *project.target.build.ldflags, "-Wl,--gc-sections"]
    if project.target.build.link_script:
        link.append(f"-Wl,-T,target/{project.target.build.link_script}")
    run([*link, *made, "-o", str(elf)])
    return elf


def _runner(folder: Path) -> Callable[[list[str]], None]:
    environment = {**os.environ, "PATH": search_path(), "LC_ALL": "C"}

    def run(command: list[str]) -> None:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as e:
            raise DeviceError(f"the C compiler took more than {SECONDS} s", where=command[0]) from e
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            first = next(iter(lines or done.stderr.splitlines()), f"exit code {done.returncode}")
            raise DeviceError(f"the C compiler failed: {first}", where=str(folder))

    return run


def _sizes(elf: Path) -> tuple[int, int]:
    """Bytes of flash and RAM, from the sections that are loaded."""
    from elftools.elf.constants import SH_FLAGS
    from elftools.elf.elffile import ELFFile

    flash = ram = 0
    with elf.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC:
                continue
            if section["sh_type"] != "SHT_NOBITS":
                flash += section["sh_size"]
            if section["sh_flags"] & SH_FLAGS.SHF_WRITE:
                ram += section["sh_size"]
    return flash, ram
