"""The output folder: generated C, the firmware it needs, and a manifest; complete or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import onnx

from odl import assets
from odl.emit.c_source import write_sources
from odl.emit.vendor_project import VendorProject, add_vendor_project
from odl.errors import DeviceError, UsageError
from odl.program import Program
from odl.project import MANIFEST, describe, save
from odl.target import Target


def write_project(
    program: Program,
    target: Target,
    stages: dict[str, onnx.ModelProto],
    folder: Path,
    source: str,
    vendor: VendorProject | None = None,
) -> None:
    """Write everything beside `folder` first, then put it in place.

    Args:
        vendor: adds files for a vendor's SDK.

    Raises:
        UsageError: the folder holds something that odl has not made.
        DeviceError: the folder cannot be written.
    """
    graphs = {  # native code, which may fail, comes before anything is written
        name: graph.SerializeToString(deterministic=True) for name, graph in stages.items()
    }
    try:
        folder = folder.resolve()
        if folder.exists() and not _is_ours(folder):
            raise UsageError(
                "the output folder holds other files",
                where=str(folder),
                advice="name a new folder with -o",
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            _fill(fresh, program, target, graphs, source)
            if vendor is not None:
                add_vendor_project(vendor, program, target, fresh, source)
            _exchange(folder, fresh, Path(scratch) / "old")
    except (OSError, RuntimeError) as e:  # RuntimeError: symbolic links in a circle
        reason = getattr(e, "strerror", None) or str(e)
        raise DeviceError(f"cannot be written: {reason}", where=str(folder)) from e


def _exchange(folder: Path, fresh: Path, old: Path) -> None:
    """Put `fresh` in the place of `folder`, or leave that as it is."""
    if folder.exists():
        os.rename(folder, old)
    try:
        os.rename(fresh, folder)
    except OSError:
        if old.exists():
            os.rename(old, folder)
        raise


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))


def _fill(
    folder: Path, program: Program, target: Target, graphs: dict[str, bytes], source: str
) -> None:
    for name, text in write_sources(program, source, target.memories).items():
        (folder / name).write_text(text, encoding="utf-8")
    for stage, graph in graphs.items():
        (folder / f"{stage}.onnx").write_bytes(graph)
    (folder / "program.txt").write_text(str(program), encoding="utf-8")
    shutil.copytree(assets.FIRMWARE / "include", folder / "include")
    sources = ["model.c", *_copy_firmware(program, target, folder), *_copy_target(target, folder)]
    save(describe(program, target, folder, sources, source))


def _copy_firmware(program: Program, target: Target, folder: Path) -> list[str]:
    """The run time, and of the kernels those that the program calls, with what they include."""
    wanted = {f"kernels/{call.file}" for call in program.calls if call.file}
    copied: list[str] = []
    for path in sorted((assets.FIRMWARE / "runtime").glob("*.c")):
        wanted.add(f"runtime/{path.name}")
    wanted.difference_update(target.build.replaces)
    pending = sorted(wanted)
    while pending:
        name = pending.pop(0)
        if name in copied:
            continue
        destination = folder / name
        destination.parent.mkdir(exist_ok=True)
        text = (assets.FIRMWARE / name).read_text(encoding="utf-8")
        destination.write_text(text, encoding="utf-8")
        copied.append(name)
        for include in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE):
            beside = f"{Path(name).parent}/{include}"
            if (assets.FIRMWARE / beside).is_file():
                pending.append(beside)
    return [name for name in copied if name.endswith(".c")]


def _copy_target(target: Target, folder: Path) -> list[str]:
    files = list(target.build.sources)
    headers = [
        str(h.relative_to(assets.TARGETS))
        for include in target.build.includes
        for h in sorted((assets.TARGETS / include).glob("*.h"))
    ]
    extra = [f for f in (target.build.link_script, target.run.dts) if f]
    for name in (*files, *headers, *extra):
        destination = folder / "target" / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(assets.TARGETS / name, destination)
    return [f"target/{f}" for f in files]
