"""What the user asks of training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainOptions:
    """What `odl compile --train` was given."""

    trainables: str
    loss: str = "ce"
    optimizer: str = "sgd:lr=0.01"
    accumulate: int = 1
    """Samples whose gradients are averaged for one update."""
    loss_scale: str = "1"
    """`dynamic`, or a power of two."""
    statistics: float = 0.0
    """What the statistics of BatchNormalization keep of themselves in each step; 0: frozen."""
    layerwise: bool = False
    """Update each weight as soon as its gradient is there, which then needs no memory any more."""
    strategy: str = ""
    """Of continual learning; nothing: `naive`."""
