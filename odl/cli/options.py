"""Options that several verbs have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class InputShape(click.ParamType):
    """NAME=D,D,...: the shape of one input."""

    name = "NAME=D,D,..."

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, tuple[int, ...]]:
        name, equals, dims = str(value).rpartition("=")
        try:
            shape = tuple(int(d) for d in dims.split(","))
        except ValueError:
            shape = ()
        if not equals or not name or not shape or min(shape) < 1:
            self.fail(f"'{value}' is not NAME=D,D,... with dimensions from 1", param, ctx)
        return name, shape


def model_argument(f: F) -> F:
    """The model file."""
    path = click.Path(path_type=Path, dir_okay=True)
    return click.argument("model", type=path)(f)


def folder_argument(f: F) -> F:
    """A build folder."""
    return click.argument("folder", type=click.Path(path_type=Path))(f)


def compile_options(f: F) -> F:
    """What decides how a model is compiled."""
    for option in (
        click.option(
            "--input-shape",
            "input_shapes",
            multiple=True,
            type=InputShape(),
            help="Shape of an input that the model leaves open; may be repeated.",
        ),
        click.option("--cores", type=click.IntRange(min=1), help="Cores to build for."),
        click.option("--target", "-t", default="host", show_default=True, help="See 'odl targets'."),
    ):
        f = option(f)
    return f


toolchain_option = click.option(
    "--toolchain", default="", help="zig, clang or gcc; the first that is installed if not given."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
