"""Damaged models by the thousand: each is compiled, or refused in one line, and nothing else.

    python -m tests.frontend.mutate 100000 [FIRST]

Mutant N is always the same bytes. Two workers live for many mutants each and say which they try
before they try it, so that one which takes its worker along has a name.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from odl.cli import _run
from odl.cli.sandbox import MEMORY_BYTES
from tests.conformance.random_models import random_models
from tests.frontend import tflite_cases
from tests.frontend.mutations import BYTES, ONNX, PROTOBUF, WORDS, Mutation, pick
from tests.models import conv_net, model, relu_net

SECONDS = 2.0
"""Of processor time, for one mutant."""
STUCK_SECONDS = 30
"""Of any time: the worker ends itself then, with its stack."""
PROCESSES = 2
ROOT = Path(__file__).parents[2]
WORKER = [sys.executable, "-m", "tests.frontend.mutate", "work"]


@dataclass(frozen=True)
class Format:
    """One kind of model file: small valid ones, and how they are damaged."""

    ending: str
    seeds: Callable[[], Iterator[bytes]]
    mutations: list[Mutation]


def onnx_seeds() -> Iterator[bytes]:
    for opset in (11, 13, 18, 0):
        yield conv_net(opset).SerializeToString()
    yield relu_net("batch", 4).SerializeToString()
    yield model(
        """g (float[4] x, bool c) => (float[4] y, int64[1] s) <float[4] w = {1, 2, 3, 4}> {
        h = If (c) < then_branch = t () => (float[4] a) { a = Relu (x) },
                     else_branch = e () => (float[4] b) { b = Neg (x) } >
        k = Constant <value_float = 2.0> () z = Mul (x, k) y = Add (z, w) s = Shape (h) }"""
    ).SerializeToString()
    for made in random_models():
        data = made.model.SerializeToString()
        if len(data) < 16384:
            yield data


def tflite_seeds() -> Iterator[bytes]:
    yield from tflite_cases.CASES.values()


FORMATS = [
    Format(".onnx", onnx_seeds, [*BYTES, *PROTOBUF * 5, *ONNX * 3]),
    Format(".tflite", tflite_seeds, [*BYTES, *WORDS * 10]),
]
"""A new kind of file is one more entry."""


@functools.cache
def corpus() -> list[tuple[Format, list[bytes]]]:
    return [(f, list(f.seeds())) for f in FORMATS]


def mutant(number: int) -> tuple[bytes, str]:
    """The bytes, and the ending of the file's name."""
    rng = np.random.default_rng(number)
    kind, seeds = corpus()[number % len(FORMATS)]
    data, other = pick(rng, seeds), pick(rng, seeds)
    for _ in range(1 + int(rng.integers(4) == 0)):
        data = pick(rng, kind.mutations)(rng, data, other) or b"\0"
    return data, kind.ending


# --- one mutant, in a worker ---


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant; `fault` is empty where all promises were kept."""

    number: int
    kind: str
    seconds: float
    rss: int
    """Bytes, the peak of the worker so far."""
    fault: str = ""


def judge(number: int, folder: Path) -> Outcome:
    """Compile the mutant in `folder`, which is empty before and after."""
    data, ending = mutant(number)
    path, out = folder / f"net{ending}", folder / "out"
    path.write_bytes(data)
    start = time.process_time()
    code, said, fault = _compiled(path, out)
    seconds = time.process_time() - start
    left = sorted(os.listdir(folder))
    expected = [path.name, "out"] if code == 0 else [path.name]
    if not fault and left != expected:
        fault = f"left {left}"
    if not fault and seconds > SECONDS:
        fault = f"took {seconds:.1f} s"
    shutil.rmtree(out, ignore_errors=True)
    path.unlink()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if not fault and rss > MEMORY_BYTES:
        fault = f"took {rss >> 20} MiB"
    return Outcome(number, kind_of(code, said), seconds, rss, fault)


def _compiled(path: Path, out: Path) -> tuple[int, str, str]:
    """The exit code, the line on standard error, and what is wrong with them."""
    error = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(error):
        try:
            code = _run(["compile", str(path), "-o", str(out)])
        except Exception as e:  # a fault of odl, which ODL_TRACEBACK lets through
            return 1, f"{type(e).__name__}", f"{type(e).__name__}: {e} at {_place(e)}"
    text = error.getvalue()
    if code == 0:
        return code, text, f"said {text!r}" if text else ""
    one_line = re.fullmatch(r"odl: [\x20-\x7e]+\n", text)
    fine = code in (3, 4) and one_line and len(text) < 800
    return code, text, "" if fine else f"exit code {code}, {text!r}"


def _place(e: BaseException) -> str:
    places = []
    trace = e.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        places.append(f"{file.name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-4:])


def kind_of(code: int, text: str) -> str:
    """The class of an outcome: the line without names and numbers."""
    if code == 0:
        return "compiled"
    words = re.sub(r"^odl: (net\.\w+: )?", "", text.strip())
    words = re.sub(r"^(\w+\.)*\w+ node '.*?': ", "NODE: ", words)
    words = re.sub(r"^name b?['\"].*?: (?=\w+ )", "NAME: ", words)
    words = re.sub(r"'[^']*'|\([^)]*\)|\[[^]]*\]|-?\d+", "_", words)
    return f"{code} {words[:56]}"


def _forbid_writes_outside(folder: Path, note: list[str]) -> None:
    """Every file that Python opens to write, makes, moves or removes elsewhere is noted."""
    inside = os.path.realpath(folder) + os.sep

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            flags = args[2] if isinstance(args[2], int) else 0
            paths = args[:1] if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else ()
        elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.symlink"):
            paths = args[:1]
        elif event in ("os.rename", "os.link"):
            paths = args[:2]
        else:
            paths = ("subprocess or system",) if event in ("os.system", "subprocess.Popen") else ()
        for path in paths:
            if isinstance(path, (str, bytes)):
                full = os.path.realpath(os.fsdecode(path))
                if not f"{full}/".startswith(inside) and full != os.devnull:
                    note.append(f"{event} {full}")

    sys.addaudithook(audit)


def work(first: int, stop: int, step: int) -> None:
    """A worker: for each number a line before, and a line with the outcome."""
    os.environ["ODL_TRACEBACK"] = "1"
    sys.dont_write_bytecode = True
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, hard))
    say = functools.partial(print, flush=True, file=os.fdopen(os.dup(1), "w"))
    corpus()
    with tempfile.TemporaryDirectory(prefix="odl-mutants-") as name:
        folder, outside = Path(name), list[str]()
        os.chdir(folder)
        tempfile.tempdir = name
        judge(-1 % (1 << 40), folder)  # imports what is imported late
        _forbid_writes_outside(folder, outside)
        for number in range(first, stop, step):
            say(number)
            faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
            outcome = asdict(judge(number, folder))
            faulthandler.cancel_dump_traceback_later()
            if outside:
                outcome["fault"] = outcome["fault"] or f"touched {outside[0]}"
                outside.clear()
            say(json.dumps(outcome))


# --- all mutants, from outside ---


@dataclass
class Report:
    """What became of a run."""

    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: Outcome = field(default_factory=lambda: Outcome(-1, "", 0.0, 0))
    rss: int = 0
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.kinds[outcome.kind] += 1
        if outcome.fault:
            self.faults.append(f"mutant {outcome.number}: {outcome.fault}")
        self.slowest = max(self.slowest, outcome, key=lambda o: o.seconds)
        self.rss = max(self.rss, outcome.rss)

    def __str__(self) -> str:
        rows = [f"{count:8,} {kind}" for kind, count in self.kinds.most_common()]
        slow = self.slowest
        return "\n".join([
            *rows,
            f"{self.kinds.total():8,} mutants in {self.seconds:.0f} s; the slowest is {slow.number}"
            f" with {slow.seconds:.2f} s ({slow.kind}); peak RSS {self.rss >> 20} MiB",
            *self.faults,
        ])  # fmt: skip


def run(count: int, first: int = 0, processes: int = PROCESSES) -> Report:
    """Judge mutants `first` to `first + count` in so many processes."""
    report, start = Report(), time.monotonic()
    threads = [
        threading.Thread(target=_follow, args=(report, first + i, first + count, processes))
        for i in range(processes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.seconds = time.monotonic() - start
    return report


def _follow(report: Report, first: int, stop: int, step: int) -> None:
    """Read one worker after another until all its numbers are done."""
    while first < stop:
        numbers = map(str, (first, stop, step))
        with (
            tempfile.TemporaryFile("w+") as log,
            subprocess.Popen(
                [*WORKER, *numbers], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            ) as worker,
        ):
            assert worker.stdout is not None
            tried = -1
            for line in worker.stdout:
                if line.startswith("{"):
                    report.add(Outcome(**json.loads(line)))
                    first, tried = first + step, -1
                else:
                    tried = int(line)
            code = worker.wait()
            if code == 0:
                return
            log.seek(0)
            said = " ".join(log.read()[-500:].split())
            if tried < 0:
                report.faults.append(f"a worker does not start: {said}")
                return
            report.add(Outcome(tried, "crashed", 0, 0, f"ended the worker ({code}): {said}"))
            first = tried + step


def main() -> None:
    if sys.argv[1] == "work":
        first, stop, step = map(int, sys.argv[2:])
        work(first, stop, step)
        return
    report = run(*map(int, sys.argv[1:]))
    print(report)
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
