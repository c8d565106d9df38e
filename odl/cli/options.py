"""Options that several verbs have."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from odl.cli.net import caught
from odl.cli.sandbox import CPU_SECONDS, LONG_SECONDS, contained
from odl.errors import UsageError

if TYPE_CHECKING:
    from odl.adapt.seen import Samples
    from odl.compile import Options

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


def _size(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Bytes, perhaps with a k or M for 1024 or its square; 0 if not given."""
    units = {"": 1, "k": 1 << 10, "m": 1 << 20}
    found = re.fullmatch(r"(\d{1,12})([km]?)(ib|b)?", value.lower())
    if value and (found is None or int(found[1]) == 0):
        raise click.BadParameter(f"'{value}' is no size such as 65536, 64k or 1M")
    return int(found[1]) * units[found[2]] if found else 0


def model_argument_for(seconds: int) -> Callable[[Callable[..., int | None]], Callable[..., int]]:
    """The model file, and the process in which the verb reads it if `main` asks for one.

    Args:
        seconds: of processor time that it may take there.
    """

    def decorated(f: Callable[..., int | None]) -> Callable[..., int]:
        @functools.wraps(f)
        def verb(model: Path, **given: Any) -> int:
            def work() -> int:
                return caught(lambda: f(model=model, **given))

            return (
                contained(work, model, seconds)
                if click.get_current_context().obj
                else int(f(model=model, **given) or 0)
            )

        return click.argument("model", type=click.Path(path_type=Path, dir_okay=True))(verb)

    return decorated


model_argument = model_argument_for(CPU_SECONDS)
"""Of a verb that compiles it once."""
many_times_argument = model_argument_for(LONG_SECONDS)
"""Of one that compiles it again and again."""


def folder_argument(f: F) -> F:
    """A build folder."""
    return click.argument("folder", type=click.Path(path_type=Path))(f)


def _arrays(path: Path | None) -> Samples | None:
    if path is None:
        return None
    from odl.run.samples import load_arrays

    return load_arrays(path)


@dataclass(frozen=True)
class Asked:
    """What the options of `compile_options` were given."""

    target: str
    cores: int | None
    dtype: str
    sums: str
    input_shapes: Shapes
    batch: int | None
    ram: int
    train: str
    loss: str
    optimizer: str
    accumulate: int
    loss_scale: str | None
    bn_momentum: float | None
    layerwise: bool
    strategy: str
    tuned: Path | None
    calibrate: Path | None
    source: Path | None
    layout: str

    def options(self, every_stage: bool = False) -> Options:
        """The same, as the compiler takes it."""
        from odl.compile import Options
        from odl.train.options import TrainOptions

        train = None
        if self.strategy and not self.train:
            raise UsageError("--strategy without --train", advice="--train what learns")
        if self.train:
            scale = self.loss_scale or ("dynamic" if self.dtype == "fp16" else "1")
            train = TrainOptions(
                self.train, self.loss, self.optimizer, self.accumulate, scale,
                self.bn_momentum or 0.0, self.layerwise, self.strategy,
            )  # fmt: skip
        samples, source = _arrays(self.calibrate), _arrays(self.source)
        return Options(
            self.target, self.cores or 0, self.input_shapes, self.dtype, self.batch or 0,
            self.ram, train, samples, source, self.tuned, self.sums, self.layout, every_stage,
        )  # fmt: skip


def compile_options(f: Callable[..., int | None]) -> Callable[..., int | None]:
    """What decides how a model is compiled, given to the verb as one `Asked`."""
    names = [field.name for field in fields(Asked)]

    @functools.wraps(f)
    def verb(**given: Any) -> int | None:
        return f(asked=Asked(**{name: given.pop(name) for name in names}), **given)

    for option in (
        click.option(
            "--tuned",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Take the layout, kernels and tiles that 'odl tune' has measured best.",
        ),
        click.option(
            "--calibrate",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Samples (.npz or .npy) for methods of --train that start from what layers see.",
        ),
        click.option(
            "--source",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Labelled samples (.npz) that the model has learnt from, of which --strategy "
            "replay:source=N keeps N in flash.",
        ),
        click.option(
            "--layout",
            type=click.Choice(["auto", "chw", "hwc"]),
            default="auto",
            show_default=True,
            help="Of images: chw as ONNX has them, hwc with a position's channels side by side "
            "where there are kernels, or by cost.",
        ),
        click.option(
            "--layerwise",
            is_flag=True,
            help="Update each weight as soon as its gradient is there: less memory, but a step "
            "that goes wrong in one layer is not undone in others.",
        ),
        click.option(
            "--strategy",
            default="",
            metavar="NAME:KEY=VALUE,...",
            help="How the device learns for long: replay:size=64, lae, gda, fewshot; see "
            "'odl methods'.",
        ),
        click.option(
            "--bn-momentum",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            metavar="M",
            help="Let the statistics of BatchNormalization follow the samples, M old to 1 - M new; "
            "else they are frozen.",
        ),
        click.option(
            "--loss-scale",
            metavar="dynamic|N",
            help="Factor of the loss, a power of two, that keeps small gradients in half "
            "precision; dynamic, its default with fp16, adapts it.",
        ),
        click.option(
            "--accumulate",
            type=click.IntRange(1, 65535),
            default=1,
            metavar="K",
            help="Average the gradients of K samples for one update.",
        ),
        click.option(
            "--optimizer",
            default="sgd:lr=0.01",
            show_default=True,
            metavar="NAME:KEY=VALUE,...",
            help="sgd, adam or adamw; lr, momentum, nesterov, decay, beta1, beta2, eps, clip, "
            "live, schedule, steps, warmup.",
        ),
        click.option(
            "--loss",
            default="ce",
            show_default=True,
            metavar="NAME:KEY=VALUE,...",
            help="ce (smoothing, soft), bce, mse, l1 or huber (delta).",
        ),
        click.option(
            "--train",
            default="",
            metavar="WHAT",
            help="Compile a training step: full, last:N, bias, norm, layers=PATTERN,... or "
            "adapters such as lora:r=4+bias; see 'odl methods'.",
        ),
        click.option(
            "--ram",
            default="",
            callback=_size,
            metavar="BYTES",
            help="Bytes that the tensors may take, such as 64k: to keep to it, results are "
            "computed twice rather than stored.",
        ),
        click.option(
            "--batch",
            type=click.IntRange(min=1),
            help="Samples in one run, where the model leaves that open.",
        ),
        click.option(
            "--input-shape",
            "input_shapes",
            multiple=True,
            callback=_shapes,
            metavar="NAME=D,D,...",
            help="Shape of an input that the model leaves open; may be repeated.",
        ),
        click.option(
            "--sums",
            default="fp16",
            show_default=True,
            metavar="fp16|fp32[:PATTERN,...]",
            help="Precision in which halves are added up: fp16, in blocks, where the target is "
            "faster so; or fp32, in all nodes or in those of such names.",
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
        verb = option(verb)
    return verb


toolchain_option = click.option(
    "--toolchain", default="", help="zig, clang or gcc; the first that is installed if not given."
)
define_option = click.option(
    "-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="Define a macro for the C."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
