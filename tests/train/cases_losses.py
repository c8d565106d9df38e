"""Losses that are operators of their own, at which their gradients are judged."""

from __future__ import annotations

from tests.train.gradients import Case, Feeds

CASES: dict[str, Case] = {}


def _labels(*values: int) -> dict[str, object]:
    """These class numbers, in the order of the label's elements."""

    def put(feeds: Feeds) -> Feeds:
        feeds["label"].flat[:] = values
        return feeds

    return {"feeds": put}


def _cross_entropy(z: str, label: str, attributes: str, *values: int) -> None:
    CASES[f"CrossEntropy [{z}] {attributes} {values}"] = Case(
        f"g (float[{z}] z, int32[{label}] label) => (float[{label}] y) "
        f"{{ y = ai.odl.CrossEntropy {attributes} (z, label) }}",
        **_labels(*values),  # type: ignore[arg-type]
    )


_cross_entropy("4,5", "4", "<smoothing = 0.0>", 0, 4, -1, 2)
_cross_entropy("4,5", "4", "<smoothing = 0.2>", 5, 1, -100, 2)
_cross_entropy("2,3,2,2", "2,2,2", "<smoothing = 0.1>", 0, 1, 2, -1, 3, 0, -2, 1)
_cross_entropy("2,3,2", "2,2", "<smoothing = 0.0>", 2, -1, 7, 0)

for values in ((0, -1, 3, 1, -2, 0), (-1,) * 6):
    CASES[f"MaskedMean {values}"] = Case(
        "g (float[3,2] x, int32[3,2] label) => (float y) { y = ai.odl.MaskedMean (x, label) }",
        **_labels(*values),  # type: ignore[arg-type]
    )
CASES["MaskedMean of CrossEntropy"] = Case(
    "g (float[4,5] z, int32[4] label) => (float y) <float[4] each> "
    "{ each = ai.odl.CrossEntropy <smoothing = 0.0> (z, label) "
    "y = ai.odl.MaskedMean (each, label) }",
    **_labels(3, -1, 0, 4),  # type: ignore[arg-type]
)
