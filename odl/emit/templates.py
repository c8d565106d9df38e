"""The templates of codegen/, all read in the same way."""

from __future__ import annotations

import jinja2

from odl import assets
from odl.emit.names import comment


def environment() -> jinja2.Environment:
    """Strict about names, and with comments that no text can end."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(assets.CODEGEN),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters["comment"] = comment
    return made
