"""What other makers' judges are given: valid models with the loss that odl differentiates."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models import runtime
from tests.train.all_cases import CASES
from tests.train.gradients import differentiated, run
from tests.train.judges.export import with_loss

UNKNOWN = (
    *("Attention", "RMSNormalization", "RotaryEmbedding", "Swish"),
    *("GRU layout", "LSTM layout", "RNN layout"),
)
"""Operators that the judges' opset does not have, and forms that ONNX Runtime does not."""


@pytest.mark.parametrize("name", [n for n in list(CASES)[::4] if not n.startswith(UNKNOWN)])
def test_the_loss_is_the_same(name: str) -> None:
    made = differentiated(CASES[name])
    kinds = {str(v.name): v.dtype.numpy() for v in made.graph.inputs}  # type: ignore[union-attr]
    feeds = {k: v.astype(kinds[k]) for k, v in made.feeds.items()}
    (loss,) = runtime(with_loss(CASES[name], made), feeds)
    want = float(run(made.graph, made.feeds)[made.loss])
    coarse = 2e-3 if "float16" in name else 1e-5
    np.testing.assert_allclose(loss, want, rtol=coarse, atol=coarse)
