"""Training steps: a canonical graph becomes one that also has a loss, gradients and updates."""
