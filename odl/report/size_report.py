"""Where a program's bytes go: a row for each section, then one for each kernel and other part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from odl.project import Project
from odl.report.console import print_facts, print_json, print_table
from odl.result import Owner, Sizes


def size_data(project: Project, sizes: Sizes) -> dict[str, Any]:
    """The sizes as plain data, the largest first."""
    return {
        "model": project.name,
        "target": project.target.name,
        "cores": project.cores,
        "toolchain": sizes.toolchain,
        "training": project.training is not None,
        "flash": sizes.flash,
        "ram": sizes.ram,
        "code": sum(o.code for o in sizes.owners),
        "sections": [asdict(s) for s in sizes.sections],
        "parts": [asdict(o) for o in _sorted(sizes.owners)],
    }


def print_sizes_json(project: Project, sizes: Sizes) -> None:
    """The same facts as one JSON document."""
    print_json(size_data(project, sizes))


def print_sizes(project: Project, sizes: Sizes) -> None:
    """Show the sizes to a person."""
    rows = [[s.name, s.memory, _bytes(s.flash), _bytes(s.ram)] for s in sizes.sections]
    rows.append(["total", "", _bytes(sizes.flash), _bytes(sizes.ram)])
    print_table(["section", "memory", "flash", "RAM"], rows, numbers="llrr")
    print()
    kernels = [o for o in sizes.owners if o.part == "kernel"]
    owners = [*_sorted(sizes.owners), _sum("kernels", kernels), _sum("total", sizes.owners)]
    print_table(
        ["part", "name", "steps", "code", "share", "data", "RAM"],
        [_cells(owner, owners[-1]) for owner in owners],
        numbers="llrrrrr",
    )
    what = "a training step" if project.training else "an inference"
    print_facts(
        [
            ("program", f"{project.name} for {project.target.name}, {what}"),
            ("tool chain", sizes.toolchain),
            ("columns", "code and data are flash; share is of all code"),
        ]
    )


def _sorted(owners: Sequence[Owner]) -> list[Owner]:
    return sorted(owners, key=lambda o: (-o.code, -o.data, -o.ram, o.part, o.name))


def _sum(part: str, owners: Sequence[Owner]) -> Owner:
    code, data, ram = (sum(getattr(o, c) for o in owners) for c in ("code", "data", "ram"))
    name = f"{len(owners)} of them" if part != "total" else ""
    return Owner(part, name, sum(o.steps for o in owners), code, data, ram)


def _cells(owner: Owner, total: Owner) -> list[str]:
    share = f"{owner.code / max(1, total.code):.1%}" if owner.code else "-"
    numbers = [_bytes(n) for n in (owner.steps, owner.code, owner.data, owner.ram)]
    return [owner.part, owner.name, *numbers[:2], share, *numbers[2:]]


def _bytes(count: int) -> str:
    return f"{count:,}" if count else "-"
