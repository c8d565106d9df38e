"""Options that several verbs have."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from odl.cli.net import caught
from odl.cli.sandbox import contained

F = TypeVar("F", bound=Callable[..., Any])
Shapes = dict[str, tuple[int, ...]]


def _shapes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Shapes:
    """NAME=D,D,... each."""
    shapes = {}
    for value in values:
        name, _, dims = value.rpartition("=")
        try:
            shapes[name] = tuple(int(d) for d in dims.split(","))
        except ValueError:
            shapes[name] = ()
        if not name or not shapes[name] or min(shapes[name]) < 1:
            raise click.BadParameter(f"'{value}' is not NAME=D,D,... with dimensions from 1")
    return shapes


def model_argument(f: Callable[..., int | None]) -> Callable[..., int]:
    """The model file, and the process in which the verb reads it if `main` asks for one."""

    @functools.wraps(f)
    def verb(model: Path, **given: Any) -> int:
        def work() -> int:
            return caught(lambda: f(model=model, **given))

        return (
            contained(work, model)
            if click.get_current_context().obj
            else int(f(model=model, **given) or 0)
        )

    path = click.Path(path_type=Path, dir_okay=True)
    return click.argument("model", type=path)(verb)


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
            callback=_shapes,
            metavar="NAME=D,D,...",
            help="Shape of an input that the model leaves open; may be repeated.",
        ),
        click.option(
            "--dtype",
            type=click.Choice(["fp32", "fp16"]),
            default="fp32",
            show_default=True,
            help="Precision of weights and activations.",
        ),
        click.option("--cores", type=click.IntRange(min=1), help="Cores to build for."),
        click.option(
            "--target", "-t", default="host", show_default=True, help="See 'odl targets'."
        ),
    ):
        f = option(f)
    return f


toolchain_option = click.option(
    "--toolchain", default="", help="zig, clang or gcc; the first that is installed if not given."
)
define_option = click.option(
    "-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="Define a macro for the C."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
