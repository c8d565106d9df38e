"""How streams become tasks, and the order in which samples come."""

from __future__ import annotations

import numpy as np
import pytest

from odl.errors import UsageError
from odl.result import Adaptation, Mark, TrainingResult
from odl.run.samples import Samples
from odl.run.stream import StreamOptions, by_class, lessons_of, split_tests, tasks_of


def samples(labels: list[int]) -> Samples:
    array = np.array(labels)[:, None]
    return Samples({"x": np.arange(len(labels), dtype=np.float32), "label": array}, array)


def test_classes_are_dealt_evenly_and_samples_keep_their_order() -> None:
    parts = by_class(samples([4, 0, 2, 1, 3, 0]), 2)
    assert [p.labels[:, 0].tolist() for p in parts if p.labels is not None] == [
        [0, 2, 1, 0],
        [4, 3],
    ]
    assert [p.inputs["x"].tolist() for p in parts] == [[1, 2, 3, 5], [0, 4]]


def test_more_tasks_than_classes() -> None:
    with pytest.raises(UsageError, match="--tasks 3: the data has 2 classes"):
        by_class(samples([0, 1, 0]), 3)


def test_no_class_numbers() -> None:
    with pytest.raises(UsageError, match="no class numbers"):
        by_class(Samples({"x": np.zeros(3)}, None), 2)


def test_a_task_for_each_stream_or_for_each_group_of_classes() -> None:
    streams = {"a": samples([0, 1, 2]), "b": samples([2, 1])}
    assert [t.name for t in tasks_of(streams, 0)] == ["a", "b"]
    assert [(t.name, len(t.samples)) for t in tasks_of({"a": streams["a"]}, 3)] == [
        ("a 1", 1), ("a 2", 1), ("a 3", 1),
    ]  # fmt: skip
    assert list(split_tests(streams, 2)) == ["a 1", "a 2", "b 1", "b 2"]


@pytest.mark.parametrize(
    ("strategy", "epochs", "lessons"),
    [("", 1, 5), ("replay:rounds=3", 2, 10), ("fewshot:shots=1,epochs=4", 1, 12)],
)
def test_lessons(strategy: str, epochs: int, lessons: int) -> None:
    tasks = tasks_of({"a": samples([0, 0, 1, 2, 2])}, 0)
    assert lessons_of(tasks, strategy, StreamOptions(epochs=epochs)) == lessons


def test_forgetting_is_the_best_less_the_last() -> None:
    def mark(*shares: float) -> Mark:
        right = [np.arange(10) < 10 * s for s in shares]
        return Mark(0, "", dict(zip("ab", right, strict=True)))

    result = Adaptation([mark(0.9, 0.1), mark(0.7, 0.6), mark(0.5, 0.6)], TrainingResult())
    assert result.forgotten("a") == pytest.approx(0.4)
    assert result.forgotten("b") == 0
    assert result.forgetting == pytest.approx(0.2)
    assert result.marks[-1].average == pytest.approx(0.55)
