"""odl bench: kernels and networks that others have published figures of, in one table."""

from __future__ import annotations

from pathlib import Path

import click

from odl.cli.options import json_option


def _cores(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        cores = tuple(int(word) for word in value.split(",")) if value else ()
    except ValueError:
        cores = (0,)
    if any(n < 1 for n in cores):
        raise click.BadParameter(f"'{value}' is not N,N,... from 1")
    return cores


def _dtypes(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    words = tuple(value.split(","))
    if not set(words) <= {"fp32", "fp16"}:
        raise click.BadParameter(f"'{value}' is not fp32, fp16 or both with a comma")
    return words


@click.command("bench", short_help="Kernels and networks with published figures, in one table.")
@click.option("--target", "-t", default="gap9", show_default=True, help="See 'odl targets'.")
@click.option(
    "--cores", default="", callback=_cores, metavar="N,N,...",
    help="Powers of two up to the target's cores if not given.",
)  # fmt: skip
@click.option("--dtype", default="fp32,fp16", show_default=True, callback=_dtypes)
@click.option("--only", default="*", metavar="PATTERN", help="Names of works, such as '*forward'.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Keep the build folders in this one."
)
@click.option("--svg", type=click.Path(path_type=Path), help="Draw a roofline into this file.")
@json_option
def command(
    target: str,
    cores: tuple[int, ...],
    dtype: tuple[str, ...],
    only: str,
    output: Path | None,
    svg: Path | None,
    as_json: bool,
) -> int:
    """Measure matrix products, a convolution's training step, ResNet8 and DS-CNN on a simulator,
    and show what they cost beside what others have reached. Exits with 1 if one of them failed.
    """
    import contextlib
    import tempfile
    from fnmatch import fnmatchcase

    from odl import target as targets
    from odl.bench.measure import measure
    from odl.bench.works import SOURCES, WORKS
    from odl.errors import UsageError
    from odl.report.bench_report import bench_roofline, print_bench, print_bench_json
    from odl.report.progress import progress

    machine = targets.load(target)
    if svg and machine.limits is None:
        raise UsageError(
            f"there is no roofline for {target}", advice="its target.toml states no [limits]"
        )
    numbers = cores or tuple(2**i for i in range(8) if 2**i <= machine.default_cores)
    if max(numbers) > machine.cores:
        raise UsageError(f"{max(numbers)} cores", advice=f"{target} has 1 to {machine.cores}")
    works = [w for w in WORKS if fnmatchcase(w.name, only)]
    if not works:
        names = ", ".join(w.name for w in WORKS)
        raise UsageError(f"--only {only} matches no work", advice=f"there are {names}")
    with contextlib.ExitStack() as stack:
        if output is None:
            output = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="odl-bench-")))
        tell = stack.enter_context(
            progress(f"bench on {target}", len(works) * len(dtype), "programs")
        )
        found = measure(works, machine, dtype, numbers, output, tell)
    if svg:
        svg.write_text(bench_roofline(machine, found), encoding="utf-8")
    (print_bench_json if as_json else print_bench)(machine, found, SOURCES)
    return 1 if any(m.error for m in found) else 0
