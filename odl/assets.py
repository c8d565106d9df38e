"""Find firmware/, codegen/ and targets/: beside the package in a checkout, inside it in a wheel."""

import re
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
_ROOT = _PACKAGE / "_assets" if (_PACKAGE / "_assets").is_dir() else _PACKAGE.parent

FIRMWARE = _ROOT / "firmware"
CODEGEN = _ROOT / "codegen"
TARGETS = _ROOT / "targets"


@cache
def kernel_functions() -> frozenset[str]:
    """All kernels that kernels.h declares: a file may define bodies for several types."""
    return _declared("odl_(?:half_)?kernel")


@cache
def half_kernels() -> frozenset[str]:
    """Those of them that sum up in half precision."""
    return _declared("odl_half_kernel")


def _declared(kind: str) -> frozenset[str]:
    headers = sorted((FIRMWARE / "include/odl/kernels").glob("*.h"))
    text = "\n".join(h.read_text(encoding="utf-8") for h in headers)
    lists = re.findall(rf"^{kind} ([^;]+);", text, re.MULTILINE)
    return frozenset(re.findall(r"\w+", " ".join(lists)))
