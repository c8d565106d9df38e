"""LoRA-FA: LoRA whose R stays as it is, so that r values a position are all that is stored.

With `seeded` R is no constant, either: the device makes its numbers again wherever it reads them.
"""

from __future__ import annotations

from odl.adapt.chain import Chain
from odl.adapt.method import Adapter, Given
from odl.adapt.methods.lora import seeded_right, zero_left


class LoraFa(Adapter):
    name = "lora-fa"
    trains = "the left factor of a rank-r change"
    paper = "arXiv:2308.03303"

    settings = (*Adapter.settings, "seeded")

    def declare(self, given: Given) -> Chain:
        right = seeded_right(given, trained=False, again=given.spec.flag("seeded"))
        return Chain(zero_left(given), right=right, scale=given.scale)
