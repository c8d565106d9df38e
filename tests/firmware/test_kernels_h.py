"""kernels.h and the NumPy kernels of odl/ops say the same, field for field."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pycparser import CParser, c_ast

from odl import ops, target
from odl.ops.operator import Operator
from odl.program import Kernel
from tests.firmware.hostcc import FIRMWARE

TYPES = "typedef int int32_t; typedef void odl_kernel(const void *args, int core);\n"


HEADERS = sorted((FIRMWARE / "include/odl/kernels").glob("*.h"))
HEADER = "\n".join(p.read_text(encoding="utf-8") for p in HEADERS)
SHARED = dict(re.findall(r"^#define odl_(\w+) odl_(\w+)$", HEADER, re.MULTILINE))
"""Kernels that use the struct of another."""


def parsed() -> c_ast.FileAST:
    text = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)
    text = re.sub(r"^#.*$", "", text.replace("\\\n", ""), flags=re.MULTILINE)
    return CParser().parse(TYPES + text.replace("ODL_RANK", "6"))


def numpy_kernels() -> dict[str, Kernel]:
    modules = [
        importlib.import_module(f"odl.ops.{m.name}") for m in pkgutil.iter_modules(ops.__path__)
    ]
    return {k.name: k for module in modules for k in _kernels_in(vars(module))}


def _kernels_in(item: Any) -> Iterator[Kernel]:
    """The kernels in tables, rows of tables, and tables that are attributes of operators."""
    if isinstance(item, Kernel):
        yield item
    elif isinstance(item, (dict, list, tuple)):
        for inner in item.values() if isinstance(item, dict) else item:
            yield from _kernels_in(inner)
    elif isinstance(item, type) and issubclass(item, Operator):
        yield from _kernels_in(getattr(item, "functions", {}))
    elif isinstance(getattr(item, "kernel", None), Kernel):
        yield item.kernel


AST = parsed()
STRUCTS = {
    d.type.name.removeprefix("odl_"): d.type.decls
    for d in AST.ext
    if isinstance(d, c_ast.Decl) and isinstance(d.type, c_ast.Struct)
}
FUNCTIONS = [
    d.name for d in AST.ext if isinstance(d, c_ast.Decl) and isinstance(d.type, c_ast.TypeDecl)
]
KERNELS = numpy_kernels()
ISAS = {isa for name in target.names() for isa in target.load(name).kernels}


def kind(declaration: c_ast.Decl) -> str:
    """The field's type in the words of the NumPy signature."""
    node, suffix = declaration.type, ""
    if isinstance(node, c_ast.ArrayDecl):
        node, suffix = node.type, "[]"
    if isinstance(node, c_ast.PtrDecl):
        return "In" if "const" in node.type.quals else "Out"
    return {"int32_t": "int", "float": "float"}[node.type.names[0]] + suffix


def meaning(annotation: str) -> str:
    plain = annotation.replace(" | None", "")
    return {"tuple[int, ...]": "int[]"}.get(plain, plain)


def test_the_manual_names_every_family() -> None:
    index = (FIRMWARE / "include/odl/kernels.h").read_text(encoding="utf-8")
    names = {p.name for p in HEADERS} - {"common.h"}
    assert set(re.findall(r'#include "odl/kernels/(\w+\.h)"', index)) == names


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_struct_and_signature_agree(name: str) -> None:
    struct = {d.name: kind(d) for d in STRUCTS[SHARED.get(name, name)]}
    signature = {k: meaning(v) for k, v in KERNELS[name].fields.items()}
    assert list(struct.items()) == list(signature.items())


def test_no_struct_is_without_a_meaning() -> None:
    assert set(STRUCTS) - set(SHARED.values()) <= set(KERNELS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_is_defined_once(function: str) -> None:
    stem = function.removeprefix("odl_")
    kernel = max((k for k in KERNELS if stem.startswith(f"{k}_")), key=len)
    isa = next((f"_{i}" for i in ISAS if stem.endswith(f"_{i}")), "")
    files = {FIRMWARE / f"kernels/{stem}.c", FIRMWARE / f"kernels/{kernel}{isa}.c"}
    assert len([f for f in files if f.is_file()]) == 1
