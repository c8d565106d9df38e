"""A build folder as data: what its manifest says of the model, its tensors, steps and sources."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from odl import __version__, assets, dtype
from odl.dtype import DType
from odl.errors import ModelError
from odl.program import Call, Program
from odl.target import Target, load

MANIFEST = "manifest.json"
SCHEMA = 4


@dataclass(frozen=True)
class TensorInfo:
    """A tensor that the device can be asked for, under the number that the link gives it."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    kind: str
    """input, output, inner or constant, as in `program.Tensor`."""
    ready: int
    """The step after which it is complete; -1 before the first."""


@dataclass(frozen=True)
class StepInfo:
    """One kernel call, and the node of the model that it is for."""

    node: str
    op: str
    function: str
    macs: int
    half: bool = False
    """Whether it sums up in half precision."""
    moved: int = 0
    """Bytes copied between memories beside it."""


@dataclass(frozen=True)
class TrainingInfo:
    """What the tensors of a training step are for, by name."""

    label: str
    loss: str
    states: tuple[tuple[str, str], ...]
    """Each state with its successor."""
    forward: int
    """So many steps make the prediction."""
    in_row: str
    """The state that counts steps skipped in a row."""
    state_bytes: int
    strategy: str
    rounds: int
    """Steps for each sample: the first learns it, the others rehearse."""
    per_task: tuple[str, ...]
    """States that are as at first when another task begins."""


@dataclass(frozen=True)
class Project:
    """The contents of manifest.json; `tensors` and `steps` stand in the device's order."""

    folder: Path
    name: str
    source: str
    """Name of the model file."""
    target: Target
    cores: int
    model_hash: bytes
    sources: tuple[str, ...]
    """C and assembly, relative to the folder."""
    arena_bytes: int
    lower_bound: int
    planner: str
    constant_bytes: int
    macs: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: tuple[TensorInfo, ...]
    steps: tuple[StepInfo, ...]
    dtypes: tuple[str, ...] = ()
    """Element types of all tensors, weights included, by name."""
    training: TrainingInfo | None = None
    """None for inference alone."""

    @property
    def graph(self) -> Path:
        """The canonical graph, node for node what the device computes."""
        return self.folder / "canonical.onnx"

    @property
    def original(self) -> Path:
        """The model as it was read."""
        return self.folder / "imported.onnx"

    @property
    def forward(self) -> int:
        """So many steps make the prediction: of an inference program, all."""
        return self.training.forward if self.training else len(self.steps)

    def number(self, name: str) -> int:
        """The number of a tensor on the link."""
        return next(i for i, t in enumerate(self.tensors) if t.name == name)

    def ready(self, name: str) -> int:
        """The step after which a tensor is complete."""
        return self.tensors[self.number(name)].ready


def describe(
    program: Program, target: Target, folder: Path, sources: list[str], source: str
) -> Project:
    """The project of a program that is being written to `folder`."""
    return Project(
        folder=folder,
        name=program.name,
        source=source,
        target=target,
        cores=program.cores,
        model_hash=program.model_hash,
        sources=tuple(sources),
        arena_bytes=program.arena_bytes,
        lower_bound=program.lower_bound,
        planner=program.planner,
        constant_bytes=program.constant_bytes,
        macs=program.macs,
        inputs=program.inputs,
        outputs=program.outputs,
        tensors=tuple(
            TensorInfo(t.name, t.dtype, t.shape, t.kind, program.ready[t.name])
            for t in program.listed
        ),
        steps=tuple(_step(c) for c in program.calls),
        dtypes=tuple(sorted({t.dtype.name for t in program.tensors})),
        training=_training(program),
    )


def _step(call: Call) -> StepInfo:
    half = call.function in assets.half_kernels()
    moved = sum(t.nbytes for t in call.transfers)
    return StepInfo(call.node, call.op, call.function, call.macs, half, moved)


def _training(program: Program) -> TrainingInfo | None:
    t = program.training
    if t is None:
        return None
    states = tuple((s.tensor, s.successor) for s in t.states)
    return TrainingInfo(
        t.label, t.loss, states, t.forward, t.in_row, program.state_bytes, t.strategy, t.rounds,
        t.per_task,
    )  # fmt: skip


def save(project: Project) -> None:
    """Write the manifest into the project's folder."""
    data = {k: v for k, v in vars(project).items() if k != "folder"}
    data |= {
        "target": project.target.name,
        "model_hash": project.model_hash.hex(),
        "tensors": [{**vars(t), "dtype": t.dtype.name} for t in project.tensors],
        "steps": [asdict(s) for s in project.steps],
        "training": asdict(project.training) if project.training else None,
    }
    text = json.dumps({"schema": SCHEMA, "odl": __version__, **data}, indent=1)
    (project.folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Project:
    """The project that `odl compile` has written to `folder`.

    Raises:
        ModelError: there is none, or its manifest is damaged or of another version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelError(
            "this is no build folder",
            where=str(folder),
            advice="make one with 'odl compile MODEL -o'",
        )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("schema") != SCHEMA:
            raise ModelError(
                f"was made by odl {data.get('odl')}",
                where=str(path),
                advice="compile the model again",
            )
        data.pop("odl")
        return _parse(folder.resolve(), data)
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise ModelError(
            f"the manifest is damaged ({type(e).__name__}: {e})",
            where=str(path),
            advice="compile the model again",
        ) from e


def _parse(folder: Path, data: dict[str, Any]) -> Project:
    data["sources"] = tuple(data["sources"])
    for name in data["sources"]:
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise ValueError(f"source {name!r} lies outside the folder")
    data["target"] = load(data["target"])
    data["model_hash"] = bytes.fromhex(data["model_hash"])
    data["dtypes"] = tuple(data["dtypes"])
    data["inputs"], data["outputs"] = tuple(data["inputs"]), tuple(data["outputs"])
    data["tensors"] = tuple(
        TensorInfo(**{**t, "dtype": dtype.BY_NAME[t["dtype"]], "shape": tuple(t["shape"])})
        for t in data["tensors"]
    )
    data["steps"] = tuple(StepInfo(**s) for s in data["steps"])
    if (training := data["training"]) is not None:
        training["per_task"] = tuple(map(str, training["per_task"]))
        training["states"] = tuple((str(a), str(b)) for a, b in training["states"])
        data["training"] = TrainingInfo(**training)
    return Project(folder=folder, **data)
