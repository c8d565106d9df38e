"""The cycle model of a gap9 on tiny kernels, whose cycles follow from documented costs by hand.

The costs are those that GVSoC's pulp-open has; pulp_cycles.S holds the kernels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.firmware.pulp import Machine, build, started

CORES = 8
EVERYBODY = range(CORES)
POLL = 6
"""Cycles of a round that asks for the end of a transfer: lw, its wait, and, a taken branch."""


@dataclass(frozen=True)
class Cluster:
    machine: Machine
    names: list[str]

    def cycles(self, kernel: str, *cores: int) -> list[int]:
        """What the kernel takes on each of the cores, which begin together."""
        self.machine.send(self.names.index(kernel), sum(1 << core for core in cores))
        found = self.machine.receive(CORES)
        return [int(found[core]) for core in cores]


def names_of(machine: Machine) -> list[str]:
    text = bytearray()
    while not text.endswith(b"\n\n"):
        text += machine.port.read(10)
    return text.decode().split()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("cycles"), "pulp_cycles.c", "pulp_cycles.S")


@pytest.fixture(scope="module")
def cluster(program: Path) -> Iterator[Cluster]:
    with started(program.parent, program) as machine:
        yield Cluster(machine, names_of(machine))


@pytest.fixture(scope="module")
def banked(program: Path) -> Iterator[Cluster]:
    """With conflicts of accesses to one bank of L1."""
    with started(program.parent, program, bank_conflicts=True) as machine:
        yield Cluster(machine, names_of(machine))


@pytest.mark.parametrize(
    ("kernel", "cycles"),
    [
        ("nothing", 0),
        ("load_use", 3),  # lw 1, wait 1, addi 1
        ("load_other", 3),  # lw 1, addi 1, addi 1, for which the load is complete
        ("product_chain", 10),  # 3 from each mul to what needs it, addi 1
        ("product_other", 3),  # mul 2, addi 1
        ("high_product", 6),  # mulh 5, addi 1
        ("quotient_of_zero", 6),  # li 1, div 5
        ("quotient", 34),  # li 1, li 1, divu by a number of 29 leading zeros 29 + 3
        ("taken_branch", 3),
        ("other_branch", 2),  # bne 1, nop 1
        ("jump", 2),
        ("call", 8),  # mv 1, jal 2, ret 2, j 2, mv 1
        ("loop_of_nops", 801),  # set-up 1, 100 rounds of 8 nops: 1.00 cycle an instruction
        ("nested_loops", 222),  # li 1, set-up 1, 10 rounds of set-up 1, 10 of 2 nops, and 1 nop
        ("single_quotient", 14),
        ("single_root", 14),
        ("half_quotient", 10),
        ("half_root", 10),
        ("packed_quotient", 14),
        ("sums", 129),  # set-up 1, 128 fadd
        ("sums_between_others", 129),  # set-up 1, 64 fadd, 64 nops
        ("far_load", 17),  # la 2, lw 1 + 2 + 12 for the routers
        ("far_store", 17),  # la 2, sw 1 + 2 + 12
        ("far_misaligned", 32),  # la 2, lw 1 + 2 + 12 + 1 + 2 + 12
        ("numbers_are_not_registers", 3),  # lw 1, p.beqimm 1, nop 1
        ("misaligned_word", 2),  # two words are accessed
        ("misaligned_half", 2),
        ("half_inside_a_word", 1),
        ("inside_the_cache", 103),  # li 1, 2 rounds of 48 nops, addi 1 and bnez 1, one taken 2
    ],
)
def test_one_core(cluster: Cluster, kernel: str, cycles: int) -> None:
    assert cluster.cycles(kernel, 0) == [cycles]
    assert cluster.cycles(kernel, 5) == [cycles]


def test_code_beyond_the_cache_of_a_core(cluster: Cluster) -> None:
    """li 1, 2 rounds of 266 instructions, one taken 2; of 2 x 68 lines most cost 2 more."""
    cycles = cluster.cycles("beyond_the_cache", 0)[0]
    assert 535 + 68 * 2 < cycles <= 535 + 2 * 68 * 2


def test_cores_that_share_an_fpu(cluster: Cluster) -> None:
    """Set-up 1, then 128 fadd each: 256 turns of one FPU, or 128 of two."""
    assert cluster.cycles("sums", 0, 1) == [129, 129]
    assert sorted(cluster.cycles("sums", 0, 4)) == [256, 257]
    assert sorted(cluster.cycles("sums", 3, 7)) == [256, 257]
    assert sorted(cluster.cycles("sums", *EVERYBODY)) == [256] * 4 + [257] * 4


def test_choices_of_singles_need_no_fpu(cluster: Cluster) -> None:
    assert cluster.cycles("choices", 0, 4) == [129, 129]


def test_sums_that_leave_room_for_another_core(cluster: Cluster) -> None:
    """Every second cycle is a nop, so the second core waits once and then fits in."""
    assert sorted(cluster.cycles("sums_between_others", 2, 6)) == [129, 130]


@pytest.mark.parametrize(
    ("kernel", "cycles"), [("single_quotient", 14), ("packed_quotient", 14), ("half_root", 10)]
)
def test_all_cores_share_one_divider(cluster: Cluster, kernel: str, cycles: int) -> None:
    assert sorted(cluster.cycles(kernel, 1, 2)) == [cycles, 2 * cycles]
    assert sorted(cluster.cycles(kernel, *EVERYBODY)) == [cycles * i for i in range(1, 9)]


def test_barrier(cluster: Cluster) -> None:
    """li 2, p.elw 10: 2 for the event unit, 6 to wake up, 1 to answer, 1 of its own."""
    assert cluster.cycles("barrier", *EVERYBODY) == [12] * CORES


def test_all_leave_a_barrier_with_the_last(cluster: Cluster) -> None:
    """Core 7: csrr 1, beqz 1, set-up 1, 7 rounds of 16 nops, then as above."""
    assert cluster.cycles("late_barrier", *EVERYBODY) == [3 + 7 * 16 + 12] * CORES


def test_bank_conflicts(cluster: Cluster, banked: Cluster) -> None:
    """Set-up 1 and 32 loads, or as many turns of a bank as there are loads; csrr, slli, add 3."""
    assert cluster.cycles("one_bank_always", *EVERYBODY) == [33] * CORES
    assert banked.cycles("one_bank_always", 0) == [33]
    assert sorted(banked.cycles("one_bank_always", 0, 1)) == [64, 65]
    assert max(banked.cycles("one_bank_always", *EVERYBODY)) == 1 + 8 * 32
    assert banked.cycles("own_banks", *EVERYBODY) == [36] * CORES


def test_loads_between_other_work_share_a_bank(banked: Cluster) -> None:
    """Every second cycle is a nop, so the second core waits once; then both fit in."""
    assert sorted(banked.cycles("one_bank", 0, 1)) == [33, 34]


@pytest.mark.parametrize(
    ("kernel", "cycles"),
    [  # to L1: 2, then 14 and 1 for the first burst, and 8 bytes in each cycle
        ("load_4", 16 + 1),
        ("load_1024", 16 + 1024 // 8),
        ("load_8192", 16 + 8192 // 8),
        ("load_rows", 16 + 1024 // 8),  # 16 rows of 64 bytes follow each other
        ("load_words", 121 + 15),  # 64 rows of 4 bytes, 8 of them under way: 8 in 16 cycles
        # to L2: 2, each burst of 256 bytes or a row 8 bytes in a cycle and 1, and 13 for the last
        ("save_4", 2 + 2 + 13),
        ("save_1024", 2 + 4 * 33 + 13),
        ("save_8192", 2 + 32 * 33 + 13),
        ("save_rows", 2 + 16 * 9 + 13),
    ],
)
def test_transfers(cluster: Cluster, kernel: str, cycles: int) -> None:
    """From the command's last word until a round that asks for the end finds it."""
    assert 0 <= cluster.cycles(kernel, 0)[0] - 1 - cycles < POLL


def test_transfers_of_two_cores_share_the_bandwidth(cluster: Cluster) -> None:
    first, second = sorted(cluster.cycles("load_8192", 0, 1))
    assert first == cluster.cycles("load_8192", 0)[0]
    assert 0 <= second - 1 - (16 + 2 * 8192 // 8) < POLL
