"""What this machine has: Python, tool chains, simulators, and packages that are in the way."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass

from odl import __version__
from odl import target as targets
from odl.programs import find_program
from odl.report.console import print_table


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for."""

    what: str
    ok: bool
    found: str
    advice: str = ""
    needed: bool = False
    """Whether odl is of no use without it."""


def examine() -> list[Finding]:
    """Everything that odl may want of this machine."""
    findings = [
        Finding("odl", True, f"{__version__}, Python {platform.python_version()}"),
        _package("onnx", needed=True),
        _package("onnx-ir", needed=True),
        _package("ortools", "pip install 'odl-mcu[plan]' for optimal memory plans"),
        _package("netron", "pip install 'odl-mcu[view]' for 'odl view'"),
        _foreign_odl(),
    ]
    runnable = []
    for target in map(targets.load, targets.names()):
        findings += [finding := _can_build(target), running := _can_run(target)]
        runnable.append(finding.ok and running.ok)
    any_runs = any(runnable)
    return [
        *findings,
        Finding("some target", any_runs, "builds and runs" if any_runs else "", "", True),
    ]


def _package(name: str, advice: str = "", *, needed: bool = False) -> Finding:
    try:
        return Finding(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, "not installed", advice or f"pip install {name}", needed)


def _foreign_odl() -> Finding:
    """PyPI's `odl` is another project; installed beside this one it shadows the package."""
    try:
        version = importlib.metadata.version("odl")
    except importlib.metadata.PackageNotFoundError:
        return Finding("package name", True, "no other package called odl")
    advice = "pip uninstall odl; pip install --force-reinstall odl-mcu"
    return Finding(
        "package name", False, f"another project's odl {version} is installed", advice, True
    )


def _can_build(target: targets.Target) -> Finding:
    chains = target.build.toolchains
    found = [n for n, chain in chains.items() if find_program(chain.command[0])]
    return Finding(
        f"{target.name}: build",
        bool(found),
        ", ".join(found) or "no tool chain",
        "" if found else f"pip install 'odl-mcu[sim]', or install {' or '.join(list(chains)[1:])}",
    )


def _can_run(target: targets.Target) -> Finding:
    program = target.run.command[0]
    if program == "{elf}":
        return Finding(f"{target.name}: run", True, "natively")
    path = find_program(program)
    return Finding(
        f"{target.name}: run",
        path is not None,
        path or f"no {program}",
        "" if path else target.run.needs,
    )


def print_findings(findings: list[Finding]) -> None:
    """Show them to a person."""
    rows = [
        (f.what, f.found, "ok" if f.ok else "missing", "" if f.ok else f.advice) for f in findings
    ]
    print_table(("what", "found", "", "to mend it"), rows, fail=2)
