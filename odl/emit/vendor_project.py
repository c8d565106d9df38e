"""Projects for vendors' SDKs: the further files that a folder of codegen/ adds to the output."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odl import __version__, assets
from odl.emit.names import identifiers
from odl.emit.templates import environment
from odl.errors import UsageError
from odl.program import Program
from odl.target import Target, parse, read_toml

FACTS = "project.toml"
TEMPLATE = ".j2"


@dataclass(frozen=True)
class VendorProject:
    """A folder of codegen/, as its project.toml states it."""

    name: str
    description: str
    targets: tuple[str, ...]
    """Those that it fits."""
    files: tuple[str, ...]
    """What it adds; a template where the name ends in .j2, which the file itself has not."""
    leaves: tuple[str, ...] = ()
    """C files of the output that it does without."""

    @property
    def writes(self) -> tuple[str, ...]:
        """The names of the files in the output folder."""
        return tuple(f.removesuffix(TEMPLATE) for f in self.files)


def names() -> list[str]:
    """The projects that are installed."""
    return sorted(p.parent.name for p in assets.CODEGEN.glob(f"*/{FACTS}"))


def load(name: str, target: str) -> VendorProject:
    """Read codegen/NAME/project.toml.

    Raises:
        UsageError: the project does not exist, is not for the target, or its file is wrong.
    """
    if name not in names():
        raise UsageError(f"there is no project '{name}'", advice=f"known: {', '.join(names())}")
    where = f"codegen/{name}/{FACTS}"
    data = read_toml(assets.CODEGEN / name / FACTS, where)
    project = parse(VendorProject, {"name": name, **data}, where)
    if target not in project.targets:
        fit = " or ".join(project.targets)
        raise UsageError(f"project {name} is not for target {target}", advice=f"use {fit}")
    return project


def add_vendor_project(
    project: VendorProject, program: Program, target: Target, folder: Path, source: str
) -> None:
    """Write the project's files into `folder`, which holds the rest of the output."""
    templates, context = environment(), _context(project, program, target, folder, source)
    for file, written in zip(project.files, project.writes, strict=True):
        path = f"{project.name}/{file}"
        if file == written:
            shutil.copyfile(assets.CODEGEN / path, folder / written)
        else:
            text = templates.get_template(path).render(context)
            (folder / written).write_text(text, encoding="utf-8")


def _context(
    project: VendorProject, program: Program, target: Target, folder: Path, source: str
) -> dict[str, Any]:
    """What templates may use; names of inputs and outputs are those of model.h."""
    c_files = (f"{p.parent.name}/{p.name}" for p in sorted(folder.glob("*/*.c")))
    return {
        "name": program.name,
        "NAME": program.name.upper(),
        "version": __version__,
        "source": source,
        "cores": program.cores,
        "arenas": [
            {"name": "ARENA" if m == program.home else m.upper(), "memory": m, "bytes": size}
            for m, size in program.arenas.items()
        ],
        "sources": [f for f in c_files if f not in project.leaves],
        "kernel_cflags": target.build.kernel_cflags,
        "inputs": [i.upper() for i in identifiers(program.inputs, "IN_").values()],
        "outputs": [i.upper() for i in identifiers(program.outputs, "OUT_").values()],
        "training": program.training is not None,
    }
