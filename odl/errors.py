"""The one family of errors that a user sees: each is a line and an exit code."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def printable(text: object, limit: int = 200) -> str:
    """Text from a model, a file or a device, made safe for one terminal line.

    All but printable ASCII becomes an escape: no name can move the cursor or break the line.
    """
    clean = _UNPRINTABLE.sub(lambda m: m.group().encode("unicode_escape").decode(), str(text))
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


class OdlError(Exception):
    """What is wrong, where, and what to do about it; `exit_code` is the process's.

    Args:
        what: the fault, in plain words.
        where: the node, tensor, file or byte at fault.
        advice: what the user can do.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what, self.where, self.advice = what, where, advice
        super().__init__(what)

    def __str__(self) -> str:
        where = f"{printable(self.where)}: " if self.where else ""
        advice = f"; {self.advice}" if self.advice else ""
        return printable(f"{where}{self.what}{advice}", limit=600)


class CheckFailed(OdlError):
    """A verification ran and did not hold."""

    exit_code = 1


class UsageError(OdlError):
    """The command line, a target file or an option is wrong."""

    exit_code = 2


class ModelError(OdlError):
    """A model or data file is damaged, hostile or not what it claims to be."""

    exit_code = 3


class Unsupported(ModelError):
    """The model is sound, but uses what odl does not compile."""


class DoesNotFit(OdlError):
    """The program needs more memory than the target has."""

    exit_code = 4


class DeviceError(OdlError):
    """The tool chain, the simulator, the port or the device failed."""

    exit_code = 5


class IntegrityError(OdlError):
    """Something is intact but not the thing that was expected (wrong model, wrong signature)."""

    exit_code = 6
