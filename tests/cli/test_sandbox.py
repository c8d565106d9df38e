"""What a native parser can do to its process ends as one line, and leaves nothing behind."""

from __future__ import annotations

import faulthandler
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from odl.cli import sandbox
from odl.cli.sandbox import contained
from tests.models import model, relu_net, write

MODEL = Path("net.onnx")
DAMAGED = "; the file is damaged or hostile\n"


@pytest.fixture(autouse=True)
def no_dumps() -> Iterator[None]:
    """pytest would show the children's stacks."""
    faulthandler.disable()
    yield
    faulthandler.enable(sys.__stderr__)


def kill(number: int) -> Callable[[], int]:
    return lambda: os.kill(os.getpid(), number) or 0


def dereference() -> int:
    import ctypes

    ctypes.string_at(8)
    return 0


def overflow_the_stack() -> int:
    """The recursion of Python's own C code, which its counter would have stopped."""
    import ctypes

    sys.setrecursionlimit(1 << 30)
    call = ctypes.PYFUNCTYPE(ctypes.py_object)(lambda: call())
    call()
    return 0


def be_noisy_and_die() -> int:
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


ENDS = {
    "SIGSEGV": kill(signal.SIGSEGV),
    "SIGBUS": kill(signal.SIGBUS),
    "SIGKILL": kill(signal.SIGKILL),
    "null pointer": dereference,
    "stack": overflow_the_stack,
    "SIGABRT": be_noisy_and_die,
    "exit code 0": lambda: os._exit(0),
    "exit code 7": lambda: os._exit(7),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_crash_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert contained(ENDS[how], MODEL) == 3
    out, err = capfd.readouterr()
    said = {"null pointer": "SIGSEGV", "stack": "SIGSEGV"}.get(how, how)
    assert (out, err) == ("", f"odl: net.onnx: a parser crashed on it ({said}){DAMAGED}")
    assert os.listdir(tmp_path) == []  # no core file


def fill_memory() -> int:
    blocks = []
    while True:
        blocks.append(bytearray(64 << 20))


def fill_memory_natively() -> int:
    return int(np.ones(1 << 29, np.float32).sum())


@pytest.mark.parametrize("work", [fill_memory, fill_memory_natively])
def test_memory_is_bounded(capfd: pytest.CaptureFixture[str], work: Callable[[], int]) -> None:
    from odl.cli.net import caught

    assert contained(lambda: caught(work), MODEL) == 3
    text = "odl: the model or its data need more memory than there is\n"
    assert capfd.readouterr() == ("", text)


def test_a_large_model_may_take_more(tmp_path: Path) -> None:
    path = write(relu_net(), tmp_path)
    size = path.stat().st_size
    assert sandbox._memory(path) == (1 << 30) + 16 * size
    (tmp_path / "model.onnx.data").write_bytes(bytes(1000))
    assert sandbox._memory(path) == (1 << 30) + 16 * (size + 1000)
    with (tmp_path / "model.onnx.more").open("wb") as file:
        file.truncate(1 << 40)
    assert sandbox._memory(path) == 9 << 30
    assert sandbox._memory(tmp_path) == sandbox._memory(tmp_path / "no") == 1 << 30


def count_for_ever() -> int:
    while True:
        pass


def count_for_ever_natively() -> int:
    return sum(itertools.repeat(0))


@pytest.mark.parametrize("work", [count_for_ever, count_for_ever_natively])
def test_time_is_bounded(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], work: Callable[[], int]
) -> None:
    monkeypatch.setattr(sandbox, "GRACE_SECONDS", 1)
    assert contained(work, MODEL, seconds=1) == 3
    text = "odl: net.onnx: compiling it takes more than 1 s of processor time\n"
    assert capfd.readouterr() == ("", text)


def test_what_ends_well_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        print("out", flush=True)
        print("err \udcff", file=sys.stderr)
        return 4

    assert contained(work, MODEL) == 4
    assert capfd.readouterr() == ("out\n", "err \\udcff\n")


def test_output_that_nobody_takes_is_one_line(tmp_path: Path) -> None:
    path = write(relu_net(), tmp_path)
    command = [sys.executable, "-m", "odl", "analyze", str(path)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("odl: a fault of odl itself: OSError: [Errno 28] No space left")
    source, sink = os.pipe()
    os.close(source)
    done = subprocess.run(command, stdout=sink, stderr=subprocess.PIPE, text=True)
    os.close(sink)
    assert (done.returncode, done.stderr) == (1, "")  # click and rich see to that


def test_without_fork_it_is_a_plain_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert contained(os.getpid, MODEL) == os.getpid()


def run(*args: str | Path, code: str = "") -> subprocess.Popen[str]:
    """The command line in a process group of its own, after some code."""
    program = f"import odl.cli\n{code}\nodl.cli.main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


CRASH = """
import odl.compile, os
odl.compile.read_onnx = lambda path: os.abort()
"""

HANG = """
import odl.compile, odl.emit.project, os, time
def hang(*args):
    print(os.getpid(), flush=True)
    time.sleep(60)
odl.emit.project.write_sources = hang
"""
"""It stops in the middle of writing."""


@pytest.mark.parametrize("verb", ["compile", "analyze"])
def test_verbs_that_read_models_survive_a_crash(tmp_path: Path, verb: str) -> None:
    path = write(relu_net(), tmp_path)
    process = run(verb, path, code=CRASH)
    text = f"odl: model.onnx: a parser crashed on it (SIGABRT){DAMAGED}"
    assert (*process.communicate(timeout=60), process.returncode) == ("", text, 3)
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_a_folder_that_crashes_a_parser_is_refused(tmp_path: Path) -> None:
    path, out = write(relu_net(), tmp_path), tmp_path / "out"
    assert run("compile", path, "-o", out).wait(60) == 0
    np.save(tmp_path / "x.npy", np.zeros((1, 4), np.float32))
    code = "import odl.run.verify, os\nodl.run.verify.read_stage = lambda path: os.abort()"
    process = run("run", out, "--data", tmp_path / "x.npy", code=code)
    text = f"odl: out: a parser crashed on it (SIGABRT){DAMAGED}"
    assert (*process.communicate(timeout=60), process.returncode) == ("", text, 3)


def test_a_small_file_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    """ONNX's inference keeps a hundred bytes for each element of a sum that it knows."""
    net = model("""g (float[4] x) => (float[?] y) <int64[1] n = {60000000}>
    { c = ConstantOfShape (n) d = Add (c, c) e = ReduceMax (d) y = Add (x, e) }""")
    process = run("analyze", write(net, tmp_path))
    text = "odl: the model or its data need more memory than there is\n"
    assert (*process.communicate(timeout=60), process.returncode) == ("", text, 3)


def gone(pid: int) -> bool:
    """Whether the process ends within a second."""
    end = time.monotonic() + 1
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("send", [os.kill, os.killpg])
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "\nodl: interrupted\n"), (signal.SIGTERM, 143, "")],
)
def test_an_interruption_leaves_nothing(
    tmp_path: Path, send: Callable[[int, int], None], number: int, code: int, said: str
) -> None:
    path = write(relu_net(), tmp_path)
    process = run("compile", path, "-o", tmp_path / "out", code=HANG)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    send(process.pid, number)
    assert process.communicate(timeout=30) == ("", said)
    assert process.returncode == code
    assert gone(child)
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_a_killed_parent_takes_its_child_along(tmp_path: Path) -> None:
    path = write(relu_net(), tmp_path)
    process = run("compile", path, "-o", tmp_path / "out", code=HANG)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=30)
    assert gone(child)
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_a_fault_of_odl_shows_where_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(relu_net(), tmp_path)
    code = "import odl.compile\nodl.compile.read_onnx = lambda path: 1 / 0"
    process = run("compile", path, code=code)
    text = "odl: a fault of odl itself: ZeroDivisionError: division by zero; ODL_TRACEBACK=1 shows"
    assert process.communicate(timeout=60) == ("", f"{text} where\n")
    assert process.returncode == 1
    monkeypatch.setenv("ODL_TRACEBACK", "1")
    process = run("compile", path, code=code)
    assert "in compile_model\n" in process.communicate(timeout=60)[1]
    assert process.returncode == 1
