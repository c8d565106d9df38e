"""Objects that some build has compiled before: kept in the user's cache, shared by all builds."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from odl.files import cache_folder

LIMIT = 256 << 20
"""Bytes that are kept; those that were not used for the longest time go first."""

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)
_UNFORESEEN = re.compile(rb"__has_include|__has_embed|__DATE__|__TIME|#\s*embed|\.incbin|\.include")
"""What makes an object depend on more than the files that are included."""
_ENVIRONMENT = ("CPATH", "C_INCLUDE_PATH", "GCC_EXEC_PREFIX", "COMPILER_PATH", "ZIG_LIB_DIR")
"""Variables that lead compilers to other files."""


@dataclass
class Objects:
    """The compiler's runs for sources of one folder, where it is started."""

    folder: Path
    run: Callable[[list[str]], None]
    _texts: dict[str, bytes | None] = field(default_factory=dict)

    def compile(self, command: list[str], source: str, made: Path) -> None:
        """The source's object, as the command makes it but for the folder's name in it.

        A macro of ours is defined for a file only where it or a header names it, so that kernels
        are the same for every model.

        Args:
            command: with the include folders as `-Ifolder`.
        """
        texts = self._included(source, [w[2:] for w in command if w.startswith("-I")])
        whole = b"\n".join(texts.values())
        command = [w for w in command if not w.startswith("-DODL_") or _macro(w) in whole]
        kept = None if _UNFORESEEN.search(whole) else _place(command, texts)
        if kept is not None and _take(kept, made):
            return
        read = made.with_suffix(".d")
        where = f"-ffile-prefix-map={self.folder.resolve()}=."
        self.run([*command, where, "-MD", "-MF", str(read), "-c", source, "-o", str(made)])
        if kept is not None:
            with contextlib.suppress(OSError):
                _keep(kept, made, {p for p in _listed(read) if p not in texts})

    def _included(self, source: str, folders: list[str]) -> dict[str, bytes]:
        """The texts that the compiler finds in the folders: of `source` and all that it includes.

        Those of the system are not among them, and what no compiler would read may be.
        """
        found: dict[str, bytes] = {}
        waiting = [os.path.normpath(source)]
        while waiting:
            path = waiting.pop()
            text = self._text(path)
            if path in found or text is None:
                continue
            found[path] = text
            for quoted, angled in _INCLUDE.findall(text):
                beside = [os.path.dirname(path)] if quoted else []
                name = os.fsdecode(quoted or angled)
                places = (os.path.normpath(os.path.join(w, name)) for w in [*beside, *folders])
                waiting += [p for p in places if self._text(p) is not None][:1]
        return found

    def _text(self, path: str) -> bytes | None:
        if path not in self._texts:
            try:
                self._texts[path] = (self.folder / path).read_bytes()
            except OSError:
                self._texts[path] = None
        return self._texts[path]


def _macro(definition: str) -> bytes:
    return definition.removeprefix("-D").partition("=")[0].encode()


def _place(command: list[str], texts: dict[str, bytes]) -> Path:
    """Named after all that is known beforehand: the compiler, this machine, and what is read."""
    compiler = os.stat(command[0])
    told = (command, compiler.st_mtime_ns, compiler.st_size, platform.uname())
    h = hashlib.sha256(repr((told, [os.environ.get(v) for v in _ENVIRONMENT])).encode())
    for path, text in sorted(texts.items()):
        h.update(f"{path}\0{len(text)}\0".encode())
        h.update(text)
    return cache_folder() / "objects" / h.hexdigest()


def _take(kept: Path, made: Path) -> bool:
    """Whether an object is there, whole, and the system's headers are as they were."""
    try:
        first, _, data = kept.read_bytes().partition(b"\n")
        record = json.loads(first)
        if record["digest"] != hashlib.sha256(data).hexdigest():
            return False
        if any(_state(path) != state for path, state in record["system"].items()):
            return False
        made.write_bytes(data)
        os.utime(kept)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False
    return True


def _keep(kept: Path, made: Path, others: set[str]) -> None:
    """Put the object into the cache, unless it depends on a file that was not foreseen."""
    if not all(map(os.path.isabs, others)):
        return
    data = made.read_bytes()
    record = {
        "digest": hashlib.sha256(data).hexdigest(),
        "system": {path: _state(path) for path in sorted(others)},
    }
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=kept.parent) as scratch:
        fresh = Path(scratch) / "object"
        fresh.write_bytes(json.dumps(record).encode() + b"\n" + data)
        os.replace(fresh, kept)


def _state(path: str) -> list[int]:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns]


def _listed(read: Path) -> list[str]:
    """The files of a rule for make, which the compiler wrote."""
    _, _, files = os.fsdecode(read.read_bytes()).replace("\\\n", " ").partition(": ")
    return [os.path.normpath(f.replace("\\ ", " ")) for f in re.split(r"(?<!\\)\s+", files) if f]


def trim() -> None:
    """Remove what was not used for the longest time, down to three quarters of the limit."""
    try:
        found = [(f.stat(), f.path) for f in os.scandir(cache_folder() / "objects") if f.is_file()]
    except OSError:
        return
    size = sum(state.st_size for state, _ in found)
    if size <= LIMIT:
        return
    for state, path in sorted(found, key=lambda f: f[0].st_mtime_ns):
        if size <= LIMIT * 3 // 4:
            return
        with contextlib.suppress(OSError):
            os.unlink(path)
            size -= state.st_size
