"""Projects for vendors' SDKs: nothing else of the folder changes, and their C is right."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from odl import assets, target
from odl.cli import _run
from odl.compile import Options, compile_to
from odl.emit.vendor_project import load, names
from odl.errors import UsageError
from odl.programs import find_program
from odl.train.options import TrainOptions
from tests.emit.test_project import tree
from tests.firmware.hostcc import FIRMWARE, host_compiler
from tests.models import conv_net, write
from tests.train.networks import network

PMSIS = Path(__file__).with_name("pmsis")
WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror")
RISCV = ("--target=riscv32-unknown-elf", "-mabi=ilp32", "-march=rv32imc_zicsr_zfinx_zhinx")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(conv_net(), tmp_path, "net.onnx")


def fits(name: str, target_name: str) -> bool:
    try:
        load(name, target_name)
    except UsageError:
        return False
    return True


def test_every_project_reads_and_its_files_exist() -> None:
    fitting = {name: [t for t in target.names() if fits(name, t)] for name in names()}
    assert fitting == {"gap-sdk": ["gap9"]}
    for name, targets in fitting.items():
        project = load(name, targets[0])
        files = {p.name for p in (assets.CODEGEN / name).iterdir()}
        assert files == {*project.files, "project.toml"}
        assert all((FIRMWARE / leaf).is_file() for leaf in project.leaves)


def test_the_rest_of_the_folder_is_as_without(path: Path) -> None:
    compile_to(path, path.parent / "plain", Options("gap9"))
    compile_to(path, path.parent / "sdk", Options("gap9"), "gap-sdk")
    plain, sdk = tree(path.parent / "plain"), tree(path.parent / "sdk")
    assert sdk.keys() - plain.keys() == {"CMakeLists.txt", "main.c", "team.c"}
    assert {name: sdk[name] for name in plain} == plain


def test_what_is_unknown_or_unfit_is_refused(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = path.parent / "out"
    with pytest.raises(UsageError) as error:
        compile_to(path, out, Options("gap9"), "../gap-sdk")
    known = ", ".join(names())
    assert str(error.value) == f"there is no project '../gap-sdk'; known: {known}"
    ask = ["compile", str(path), "-t", "host", "--project", "gap-sdk", "-o", str(out)]
    assert _run(ask) == 2
    said = "odl: project gap-sdk is not for target host; use gap9\n"
    assert capsys.readouterr() == ("", said)
    assert not out.exists()


FULL = TrainOptions("full", optimizer="adam:lr=0.01", loss_scale="dynamic")
KINDS = {
    "inference": Options("gap9"),
    "half": Options("gap9", 3, dtype="fp16"),
    "training": Options("gap9", train=FULL),
    "half_training": Options("gap9", dtype="fp16", train=FULL),
}


def listed(folder: Path) -> list[str]:
    """The C files that the project is built from."""
    text = (folder / "CMakeLists.txt").read_text()
    return re.findall(r"^    ([\w/]+\.c)$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("net", "kind"),
    [
        ("convolutions", "inference"),
        ("convolutions", "training"),
        ("transformer", "half"),
        ("transformer", "half_training"),
    ],
)
def test_no_compiler_warns(tmp_path: Path, net: str, kind: str) -> None:
    made = conv_net() if net == "convolutions" else network(net)
    folder, options = tmp_path / "net", KINDS[kind]
    compile_to(write(made, tmp_path, "test.onnx"), folder, options, "gap-sdk")
    sources = listed(folder)
    built = {f for f in tree(folder) if f.endswith(".c") and not f.startswith("target/")}
    assert set(sources) == built - set(load("gap-sdk", "gap9").leaves)
    text = (folder / "CMakeLists.txt").read_text()
    flags = re.findall(r"-std=\w+|-include [\w.]+|-DODL_\w+=\w+", text)
    cores = re.findall(r"ODL_CORES=\d+", text)
    assert cores == [f"ODL_CORES={options.cores or 8}"]
    command = [find_program("clang"), *RISCV, *WARNINGS, "-fsyntax-only", f"-D{cores[0]}"]
    command += [word for flag in flags for word in flag.split()]
    command += [f"-I{PMSIS}", f"-I{PMSIS}/libc", "-I.", "-Iinclude", *sources]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_its_team_keeps_the_order_and_the_cost(tmp_path: Path, cores: int) -> None:
    """On threads; linked statically, for the DMA's addresses have 32 bits."""
    program = tmp_path / "cluster"
    sources = [PMSIS / "cluster.c", assets.CODEGEN / "gap-sdk/team.c"]
    command = [host_compiler(), "-std=gnu11", "-O1", "-g", *WARNINGS, "-pthread", "-static"]
    command += [f"-DODL_CORES={cores}", f"-I{FIRMWARE / 'include'}", f"-I{PMSIS}"]
    built = subprocess.run(
        [*command, *sources, "-o", program], capture_output=True, text=True, timeout=100
    )
    assert built.returncode == 0, built.stderr
    done = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
