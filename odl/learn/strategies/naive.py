"""Naive fine-tuning, which others are judged by: every sample once, nothing against forgetting."""

from __future__ import annotations

from odl.learn.strategy import Strategy


class Naive(Strategy):
    name = "naive"
    does = "learns each sample as it comes"
