"""The page to read first: every stage between a model file and a folder of C, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import onnx
import onnx_ir as ir

from odl import target as targets
from odl.adapt.ask import keeps_norms
from odl.adapt.frozen import mask_of
from odl.adapt.seen import Samples
from odl.dtype import F16, F32
from odl.emit import vendor_project
from odl.emit.project import write_project
from odl.errors import UsageError
from odl.frontend.onnx_file import read_onnx
from odl.frontend.tflite_file import is_tflite, read_tflite
from odl.learn.record import Record, read_record
from odl.learner import Learner
from odl.ops.layout import BY_COST
from odl.ops.reference import functions
from odl.plan.choices import Choices
from odl.plan.estimate import estimator
from odl.plan.lower import BY_ESTIMATE
from odl.plan.plan import check_fit, plan
from odl.plan.recompute import Recomputed, Trade, recompute, trade
from odl.plan.tuned_file import Tuning, read_tuned, tuned_for
from odl.program import Program
from odl.program_state import Training
from odl.target import Target
from odl.train.guard import SKIPPED_IN_ROW
from odl.train.options import TrainOptions
from odl.train.state import count_states
from odl.transform.choose_layout import LAYOUT, choose_layout
from odl.transform.choose_sums import DEFAULT, choose_sums
from odl.transform.decompose import decompose
from odl.transform.fold_batch_norm import fold_batch_norm
from odl.transform.fold_constants import fold_constants
from odl.transform.fold_dequantised import fold_dequantised
from odl.transform.follow_statistics import follow_statistics
from odl.transform.fuse_addends import fuse_addends
from odl.transform.fuse_qdq import fuse_qdq
from odl.transform.fuse_relus import fuse_relus
from odl.transform.fuse_weights import fuse_weights
from odl.transform.lift_constants import lift_constants
from odl.transform.merge_low_rank import merge_low_rank
from odl.transform.merge_transposes import merge_transposes
from odl.transform.move_quantisers import move_quantisers
from odl.transform.name_all import name_all
from odl.transform.push_transposes import push_transposes
from odl.transform.remove_dead import remove_dead
from odl.transform.set_input_shapes import set_input_shapes
from odl.transform.skip_unneeded import skip_unneeded
from odl.transform.to_half import to_half

Pass = Callable[[ir.Model], ir.Model]

CANONICAL: tuple[Pass, ...] = (
    remove_dead,  # first, for inference costs time and memory
    fold_constants,
    remove_dead,
    fold_batch_norm,
    decompose,
    fold_constants,
    push_transposes,
    merge_transposes,
    move_quantisers,
    fold_constants,
    fuse_qdq,
    fuse_weights,
    fold_dequantised,
    merge_low_rank,
    fold_constants,
    remove_dead,
    name_all,
)
"""From a model with static inputs to the graph that operators lower."""

FOR_TRAINING = tuple(p for p in CANONICAL if p not in (move_quantisers, fuse_qdq, merge_low_rank))
"""The same without what makes operators that have no gradient, or weights that are not the
model's."""

STEP: tuple[Pass, ...] = (
    fold_constants,
    decompose,
    fold_constants,
    merge_transposes,
    merge_low_rank,
    remove_dead,
    name_all,
)
"""From a graph with loss, gradients and updates to what operators lower."""

LAST: tuple[Pass, ...] = (fuse_addends, fuse_relus, skip_unneeded)
"""Of both, once it is decided what is computed in which precision."""

SHARES = (0.9, 0.75, 0.5)
"""Of the memory that a program needs by itself, for `memory_trade`."""


@dataclass(frozen=True)
class Options:
    """What the user asks for."""

    target: str = "host"
    cores: int = 0
    """0: the target's default."""
    input_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dtype: str = "fp32"
    """Of weights and activations: `fp32` as the model has them, or `fp16`."""
    batch: int = 0
    """Samples in one run, where the model leaves that open; 0: as --input-shape says."""
    ram: int = 0
    """Bytes that the tensors may take: to keep to it, results are computed twice. 0: no limit."""
    train: TrainOptions | None = None
    """Compile a training step; None: inference alone."""
    samples: Samples | None = None
    """What the layers see, for methods of adaptation that start from it."""
    source: Samples | None = None
    """What the model has learnt from, with labels y, for strategies that keep some of it."""
    tuned: Path | None = None
    """What `odl tune` has found best for this model, target and options."""
    sums: str = "fp16"
    """Precision in which halves are added up: `fp16` where a target's bodies do so, in blocks;
    `fp32`, or `fp32:PATTERN,...` for some nodes."""
    layout: str = BY_COST
    """Of images: `chw` as the model has them, `hwc` where there are kernels, or what costs less."""
    every_stage: bool = False
    """Keep the graph after each pass, not only the first and the last."""


@dataclass(frozen=True)
class Compiled:
    """A model on its way: every stage as a graph, and the Program planned from the last."""

    name: str
    target: Target
    stages: dict[str, onnx.ModelProto]
    program: Program
    single: dict[str, str] = field(default_factory=dict)
    """Where the model was turned to half precision, why tensors stayed in single."""
    recomputed: tuple[Recomputed, ...] = ()
    """What is computed twice, to keep to `Options.ram`."""

    @property
    def layout(self) -> str:
        """Which layers have another layout than the model's; empty if none has."""
        return next((p.value for p in self.graph.metadata_props if p.key == LAYOUT), "")

    @property
    def graph(self) -> onnx.ModelProto:
        """The last stage: what the device computes and the reference checks."""
        return list(self.stages.values())[-1]


def canonicalise(
    model: ir.Model, options: Options
) -> tuple[dict[str, onnx.ModelProto], dict[str, str]]:
    """The graph as it was read, and as it is compiled; `model` becomes the latter.

    Returns:
        the stages, and why tensors stayed in single precision where half was asked for.
    """
    lift_constants(model)
    name_all(model)
    set_input_shapes(model, options.input_shapes, options.batch)
    stages, single = {"imported": snapshot(model)}, dict[str, str]()
    if options.train is not None and options.train.statistics:
        follow_statistics(model, options.train.statistics, mask_of(model).covers)
    for i, step in enumerate(_passes(model, options.train), 1):
        model = step(model)
        if options.every_stage:
            stages[f"{i:02d}_{step.__name__}"] = snapshot(model)
    learner = None
    if options.train is not None:
        stages["inference"] = snapshot(model)
        learner = Learner(model, options.train, options.dtype == "fp16", options.samples)
        if learner.is_adapted:
            stages["adapted"] = snapshot(model)
    trained = learner.trained if learner else []
    _choose_layout(model, options, trained)
    if options.dtype == "fp16":
        single = to_half(model, masters=trained)
    if learner is not None:
        learner.add_step(options.source)
    for step in (*(STEP if learner else ()), *LAST):
        step(model)
    stages["canonical"] = snapshot(model)
    return stages, single


def _passes(model: ir.Model, train: TrainOptions | None) -> tuple[Pass, ...]:
    if train is None:
        return CANONICAL
    keep = keeps_norms(train.trainables) or any(
        n.op_type == "BatchNormalization" and mask_of(model).covers(str(n.name))
        for n in model.graph
    )
    return tuple(p for p in FOR_TRAINING if not (keep and p is fold_batch_norm))


def layers_of(model: ir.Model) -> ir.Model:
    """The model with its layers as training sees them, norms being layers of their own."""
    lift_constants(model)
    name_all(model)
    for step in FOR_TRAINING:
        if step is not fold_batch_norm:
            step(model)
    return model


def _choose_layout(model: ir.Model, options: Options, trained: Sequence[ir.Value]) -> None:
    kind = F16 if options.dtype == "fp16" else F32
    estimate = estimator(targets.load(options.target), kind)
    choose_layout(model, estimate, options.layout, trained)


def compile_model(path: Path, options: Options) -> Compiled:
    """Read, canonicalise and plan; nothing is written.

    Raises:
        OdlError: with the exit code that fits.
    """
    return compile_graph(read_model(path), model_name(path.stem), options)


def read_model(path: Path) -> ir.Model:
    """A model file of either kind."""
    return read_tflite(path) if is_tflite(path) else read_onnx(path)


def compile_graph(
    model: ir.Model, name: str, options: Options, choices: Choices | None = None
) -> Compiled:
    """`compile_model` for a graph that is in memory already.

    Args:
        choices: of the planner; None: those of `Options.tuned`, or by estimate.
    """
    target = targets.load(options.target)
    cores = options.cores or target.default_cores
    if not 1 <= cores <= target.cores:
        raise UsageError(f"{cores} cores", advice=f"{target.name} has 1 to {target.cores}")
    tuned = read_tuned(options.tuned) if options.tuned else None
    if tuned and options.layout == BY_COST:
        options = replace(options, layout=tuned.layout)
    stages, single = canonicalise(model, options)
    states = count_states(model.graph) if options.train else 0
    again: list[Recomputed] = []
    if options.ram:
        again = recompute(model.graph, target, states, options.ram)
        stages["canonical"] = snapshot(model)
    if options.sums != DEFAULT:
        stages["canonical"] = snapshot(choose_sums(model, options.sums))
    choices = choices or _choices(tuned, options, stages["canonical"])
    program = plan(model.graph, name, target, cores, states, SKIPPED_IN_ROW, choices)
    if program.training is not None:
        program = replace(program, training=_with_strategy(program, read_record(model)))
    return Compiled(name, target, stages, program, single, tuple(again))


def _with_strategy(program: Program, record: Record) -> Training:
    assert program.training is not None
    return replace(
        program.training,
        strategy=record.text,
        rounds=record.rounds,
        per_task=record.per_task,
    )


def _choices(tuned: Tuning | None, options: Options, graph: onnx.ModelProto) -> Choices:
    if tuned is None or options.tuned is None:
        return BY_ESTIMATE
    return tuned.choices(tuned_for(graph, options.target), options.tuned)


def memory_trade(path: Path, options: Options) -> list[Trade]:
    """What `Options.ram` can reach, and for how much work: the peak at SHARES of it without limit.

    The list ends with the smallest peak there is.
    """
    model, target = read_model(path), targets.load(options.target)
    canonicalise(model, options)
    states = count_states(model.graph)
    return trade(model.graph, target, states, SHARES)


def compile_to(path: Path, folder: Path, options: Options, project: str = "") -> Compiled:
    """The whole of `odl compile`: the folder appears complete, or not at all.

    Args:
        project: of a vendor's SDK, whose files are added; empty: none.
    """
    vendor = vendor_project.load(project, options.target) if project else None
    compiled = compile_model(path, options)
    check_fit(compiled.program, compiled.target, options.ram)
    write_project(compiled.program, compiled.target, compiled.stages, folder, path.name, vendor)
    return compiled


def model_name(stem: str) -> str:
    """A C identifier for the model, from its file's name."""
    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower()[:40]
    return name if name and not name[0].isdigit() else f"model_{name}".rstrip("_")


def snapshot(model: ir.Model) -> onnx.ModelProto:
    """The stage as a complete ONNX model, with the bodies of our own operators."""
    proto = ir.serde.serialize_model(model)
    used = {f"{n.domain}.{n.op_type}" for n in proto.graph.node if n.domain == "ai.odl"}
    proto.functions.extend(functions(used))
    return proto
