"""Find firmware/, codegen/ and targets/: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_ROOT = _PACKAGE / "_assets" if (_PACKAGE / "_assets").is_dir() else _PACKAGE.parent

FIRMWARE = _ROOT / "firmware"
CODEGEN = _ROOT / "codegen"
TARGETS = _ROOT / "targets"
