"""Transfers of a gap9's DMA: counters, rows, both directions, and data that is not waited for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.firmware.pulp import Words, build, started

CORES, COUNTERS, PART, SOURCE = 8, 16, 128, 1024
ROWS, ROW, DISTANCE, SAVED_DISTANCE = 5, 24, 100, 60
"""As in pulp_dma.c; the last three in bytes."""
FIELDS = {
    "counters": COUNTERS,
    "taken": 1,
    "late_counter": 1,
    "waited": 1,
    "before": 2,
    "after": 2,
    "source": SOURCE,
    "rows": ROWS * ROW // 4,
    "saved": ROWS * SAVED_DISTANCE // 4,
    "pieces": SOURCE,
    "parts": CORES * PART,
}
Report = dict[str, Words]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder: Path = tmp_path_factory.mktemp("dma")
    with started(folder, build(folder, "pulp_dma.c")) as machine:
        return {name: machine.receive(count) for name, count in FIELDS.items()}


def source() -> Words:
    return (np.arange(SOURCE, dtype=np.uint64) * 2654435761).astype(np.uint32)


def rows(words: Words, distance: int) -> Words:
    """The rows that stand so many bytes from each other."""
    starts = np.arange(ROWS) * distance // 4
    return np.concatenate([words[start : start + ROW // 4] for start in starts])


def test_sixteen_counters(report: Report) -> None:
    assert report["counters"].tolist() == list(range(COUNTERS))
    assert report["taken"].tolist() == [0xFFFF << 16]


def test_one_counter_more_waits_for_a_release(report: Report) -> None:
    assert report["late_counter"].tolist() == [5]
    assert report["waited"].tolist() == [1]


def test_who_does_not_wait_sees_old_data(report: Report) -> None:
    assert report["before"].tolist() == [0xAAAAAAAA] * 2
    assert np.array_equal(report["after"], source()[[0, PART - 1]])


def test_rows_in_both_directions(report: Report) -> None:
    loaded = rows(source(), DISTANCE)
    assert np.array_equal(report["rows"], loaded)
    assert np.array_equal(rows(report["saved"], SAVED_DISTANCE), loaded)
    between = np.delete(report["saved"].reshape(ROWS, -1), np.s_[: ROW // 4], axis=1)
    assert not between.any()


def test_a_core_waits_where_the_queue_is_full(report: Report) -> None:
    assert np.array_equal(report["pieces"], source())


def test_commands_of_several_cores_do_not_mix(report: Report) -> None:
    assert np.array_equal(report["source"], source())
    assert np.array_equal(report["parts"], source()[: CORES * PART])
