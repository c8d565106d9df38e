"""The last layers learn; the backward walk ends at the first of them."""

from __future__ import annotations

from odl.adapt.method import Selection
from odl.adapt.parameters import Parameter
from odl.errors import UsageError, printable
from odl.spec import Spec


class Last(Selection):
    name = "last"
    trains = "all parameters of the last n layers"
    settings = ("n",)
    unnamed = "n"

    def chooses(self, p: Parameter, layers: int, spec: Spec) -> bool:
        text = spec.settings.get("n", "1")
        if not text.isdecimal() or int(text) < 1:
            raise UsageError(f"--train last:{printable(text)}", advice="last:N with N from 1")
        return p.depth >= layers - int(text)
