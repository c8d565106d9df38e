"""Options whose values are files with names, and lists of numbers."""

from __future__ import annotations

from pathlib import Path

import click

Files = dict[str, Path]


def files(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Files:
    """[NAME=]FILE each, several of them with commas between; a name is the file's if not given."""
    found: Files = {}
    for piece in (p for value in values for p in value.split(",")):
        name, equals, path = piece.partition("=")
        given = Path(path if equals else piece)
        key = name if equals else given.stem
        if not key or not given.name or key in found:
            raise click.BadParameter(f"'{piece}' is not NAME=FILE with a name of its own")
        found[key] = given
    return found


def counts(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """N,N,... from 1, made to ascend."""
    pieces = [p for p in value.split(",") if p]
    if not all(p.isdecimal() and 0 < int(p) < 1 << 31 for p in pieces):
        raise click.BadParameter(f"'{value}' is not N,N,... from 1")
    return tuple(sorted(set(map(int, pieces))))
