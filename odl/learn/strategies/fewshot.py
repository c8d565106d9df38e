"""Few shots: the first samples of each class, again and again.

The baseline of source-free adaptation, arXiv:2304.14379 (few-shot fine-tuning is all you need).
"""

from __future__ import annotations

import numpy as np

from odl.learn.strategy import Array, Strategy


class FewShot(Strategy):
    name = "fewshot"
    does = "learns a few samples of each class, again and again"
    settings = ("shots", "epochs")

    def order(self, labels: Array, rng: np.random.Generator | None) -> Array:
        shots = int(self.spec.number("shots", 5, 1, 1 << 20))
        epochs = int(self.spec.number("epochs", 10, 1, 1 << 20))
        ranks = np.zeros(len(labels), int)
        for label in np.unique(labels):
            at = np.flatnonzero(labels == label)
            ranks[at] = np.arange(len(at))
        chosen = np.flatnonzero(ranks < shots)
        turns = [chosen if rng is None else rng.permutation(chosen) for _ in range(epochs)]
        return np.concatenate(turns)
