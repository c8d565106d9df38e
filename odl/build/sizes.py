"""What an ELF's bytes are for: its sections, and the symbols of each kernel and of the rest."""

from __future__ import annotations

import itertools
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from odl.build.build import Image
from odl.project import Project
from odl.result import Owner, SectionSize, Sizes

PARTS = {"kernels": "kernel", "runtime": "run time", "target": "target"}
"""Folders of sources, and what their bytes are for."""
CONSTANT = "k_"
"""The names of a model's constants begin with it."""


@dataclass(frozen=True)
class Symbol:
    """Bytes with a name, in a section of the ELF."""

    name: str
    source: str
    """The file that defines it; empty where the ELF does not tell."""
    code: int
    data: int
    ram: int
    memory: str


def sizes(project: Project, image: Image) -> Sizes:
    """The bytes of each section, and those of each kernel and of all else in the program."""
    from elftools.elf.elffile import ELFFile

    with Path(image.elf).open("rb") as file:
        elf = ELFFile(file)
        found = [*_functions(elf, project), *_objects(elf, project)]
        sections = tuple(_section(s, project) for s in elf.iter_sections() if _is_loaded(s))
        code = sum(s["sh_size"] for s in elf.iter_sections() if _is_code(s))
    owners = _owners(found, project)
    data = sum(s.flash for s in sections) - code
    rest = Owner(
        "rest",
        "stacks, strings and gaps",
        0,
        code - sum(o.code for o in owners),
        data - sum(o.data for o in owners),
        sum(s.ram for s in sections) - sum(o.ram for o in owners),
    )
    return Sizes(image.toolchain, sections, (*owners, rest))


def _owners(symbols: list[Symbol], project: Project) -> list[Owner]:
    """The symbols, those of one kernel file or of one other part together."""
    groups: dict[tuple[str, str], list[Symbol]] = {}
    for symbol in symbols:
        groups.setdefault(_part(symbol, project), []).append(symbol)
    called = Counter(step.function for step in project.steps if step.function)
    return [
        Owner(
            *key,
            sum(called[s.name] for s in group),
            sum(s.code for s in group),
            sum(s.data for s in group),
            sum(s.ram for s in group),
        )
        for key, group in groups.items()
    ]


def _part(symbol: Symbol, project: Project) -> tuple[str, str]:
    """What a symbol is for, and the name of that."""
    source = PurePosixPath(symbol.source)
    part = PARTS.get(source.parts[0] if source.parts else "", "")
    if part == "kernel":
        return part, source.stem
    if part:
        return part, project.target.name if part == "target" else ""
    if symbol.source:
        if symbol.ram and not symbol.data:
            return "arena", symbol.memory
        if symbol.name.startswith(CONSTANT):
            return "constants", ""
        return "model", "steps and tensors"
    if symbol.code and symbol.name.startswith("odl_"):  # assembly that several kernels share
        return "kernel", re.sub(r"_\d+$", "", symbol.name.removeprefix("odl_"))
    return "tool chain", ""


def _functions(elf: Any, project: Project) -> Iterator[Symbol]:
    """All code, cut at the symbols: assembly has no sizes, and padding belongs to what it fills."""
    ranges = sorted(_ranges(elf, project))
    begins = [begin for begin, _, _ in ranges]
    for index, section in enumerate(elf.iter_sections()):
        if not _is_code(section):
            continue
        names = {section["sh_addr"]: ""}
        for symbol in elf.get_section_by_name(".symtab").iter_symbols():
            kind = symbol["st_info"]["type"], symbol["st_info"]["bind"]
            if symbol["st_shndx"] == index and _is_function(*kind):
                names[symbol["st_value"]] = symbol.name
        end = section["sh_addr"] + section["sh_size"]
        for begin, after in itertools.pairwise([*sorted(names), end]):
            at = bisect(begins, begin) - 1
            source = ranges[at][2] if at >= 0 and begin < ranges[at][1] else ""
            yield Symbol(names[begin], source, after - begin, 0, 0, _memory(section, project))


def _is_function(kind: str, bind: str) -> bool:
    return kind == "STT_FUNC" or (kind == "STT_NOTYPE" and bind != "STB_LOCAL")


def _ranges(elf: Any, project: Project) -> Iterator[tuple[int, int, str]]:
    """First and last address of code, and the source of the project that the debugger shows."""
    from elftools.dwarf.ranges import BaseAddressEntry

    dwarf = elf.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        entry = unit.get_top_DIE()
        if (source := entry.attributes["DW_AT_name"].value.decode()) not in project.sources:
            continue
        base = entry.attributes["DW_AT_low_pc"].value if "DW_AT_low_pc" in entry.attributes else 0
        if "DW_AT_ranges" not in entry.attributes:
            high = entry.attributes["DW_AT_high_pc"]
            yield base, high.value + (base if high.form != "DW_FORM_addr" else 0), source
            continue
        offset = entry.attributes["DW_AT_ranges"].value
        for part in dwarf.range_lists().get_range_list_at_offset(offset, unit):
            if isinstance(part, BaseAddressEntry):
                base = part.base_address
            else:
                start = 0 if part.is_absolute else base
                yield start + part.begin_offset, start + part.end_offset, source


def _objects(elf: Any, project: Project) -> Iterator[Symbol]:
    """All data that has a name."""
    sources = {PurePosixPath(s).name: s for s in project.sources}
    sections, file = list(elf.iter_sections()), ""
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        kind, index = symbol["st_info"]["type"], symbol["st_shndx"]
        if kind == "STT_FILE":
            file = symbol.name
        if kind != "STT_OBJECT" or not isinstance(index, int) or not _is_loaded(sections[index]):
            continue
        size, is_local = symbol["st_size"], symbol["st_info"]["bind"] == "STB_LOCAL"
        source = sources.get(file, "") if is_local else ""
        if symbol.name.startswith(f"odl_{project.name}_"):
            source = "model.c"
        if not source:
            continue
        place = _section(sections[index], project)
        ram, data = (size if held else 0 for held in (place.ram, place.flash))
        yield Symbol(symbol.name, source, 0, data, ram, place.memory)


def _section(section: Any, project: Project) -> SectionSize:
    from elftools.elf.constants import SH_FLAGS

    size = section["sh_size"]
    flash = size if section["sh_type"] != "SHT_NOBITS" else 0
    ram = size if section["sh_flags"] & SH_FLAGS.SHF_WRITE else 0
    return SectionSize(section.name, _memory(section, project), flash, ram)


def _memory(section: Any, project: Project) -> str:
    """The memory that names the section, or else the one that programs stand in."""
    memories = project.target.memories
    named = [m.name for m in memories if m.section == section.name]
    return next(iter([*named, *(m.name for m in memories[-1:])]), "")


def _is_loaded(section: Any) -> bool:
    from elftools.elf.constants import SH_FLAGS

    return bool(section["sh_flags"] & SH_FLAGS.SHF_ALLOC) and section["sh_size"] > 0


def _is_code(section: Any) -> bool:
    from elftools.elf.constants import SH_FLAGS

    return _is_loaded(section) and bool(section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR)
