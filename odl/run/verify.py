"""Every tensor of the device against the reference, each within the bound of its own operator.

A node is judged on the inputs that the device itself computed: it is recomputed from them in
float64, and the difference must stay within the bound that the operator states for the accumulation
length and for float32, or for float16 where the device's kernel sums up in that. So an early error
cannot hide a later one, nor excuse it. Beside it stands the drift: the distance to a reference that
runs on its own from the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl import dtype
from odl.dtype import F16, F32, DType
from odl.errors import ModelError, printable
from odl.frontend.onnx_file import read_stage
from odl.ops import lookup
from odl.ops.node import Node, constant_value, static_shape, value_dtype
from odl.ops.operator import Operator
from odl.ops.reference import evaluate, evaluator
from odl.project import Project
from odl.result import Check, Verdict

Array = npt.NDArray[Any]

REFERENCE_SLACK = 1 + 2.0**-20
"""The reference itself rounds, to float64."""


@dataclass
class _Step:
    """A node, ready to be judged."""

    node: Node
    operator: Operator
    inputs: list[str]
    outputs: list[str]
    half: bool
    """Whether the device sums up in half precision."""
    floor: float = field(default=0.0)
    """Error that underflow may add: one smallest subnormal for each accumulated product."""


class Verifier:
    """The judge of one project; feed it the device's tensors sample by sample.

    Raises:
        ModelError: the folder's graph is damaged.
    """

    def __init__(self, project: Project, steps: int | None = None) -> None:
        """Only what the first `steps` of the program compute is judged; None: all."""
        self._project = project
        self._states = project.training.states if project.training else ()
        self._free: dict[str, Array] = {}
        try:
            graph = ir.serde.deserialize_model(read_stage(project.graph)).graph
            half = {s.node for s in project.steps if s.half}
            self._constants, self._steps = _constants(graph), _steps(graph, half)
            self._original = evaluator(read_stage(project.original))
        except Exception as e:
            raise ModelError(
                f"the graph cannot be read ({type(e).__name__})",
                where=str(project.graph),
                advice="compile the model again",
            ) from e
        late = set()
        if steps is not None and project.training and steps < len(project.steps):
            late = {t.name for t in project.tensors if t.ready >= steps}
            late.add(project.training.label)
        self._steps = [s for s in self._steps if late.isdisjoint(s.outputs)]
        made = {name: s.node for s in self._steps for name in s.outputs}
        checks = [
            Check(
                t.name,
                made[t.name].name if t.name in made else "",
                made[t.name].op if t.name in made else "input",
                t.dtype,
                t.shape,
                t.ready,
            )
            for t in sorted(project.tensors, key=lambda t: t.ready)
            if t.name not in late and (t.name in made or t.name in project.inputs)
        ]
        self.verdict = Verdict({c.name: c for c in checks})

    def add(self, inputs: dict[str, Array], device: dict[str, Array]) -> None:
        """Judge one sample.

        What the device left out, its own condition being false, is not judged; the condition is.
        States are those that the device had before it, so that no step hides or fakes an error
        of another; the reference that runs on its own goes on from the states it has made itself.

        Args:
            inputs: what was sent.
            device: every listed tensor as the device had it.
        """
        for name, array in inputs.items():
            want = np.asarray(array, device[name].dtype)
            self._note(name, device[name], want, np.zeros(want.shape), np.zeros(want.shape, bool))
        seen = {**self._constants, **device}
        before = {name: self._free.get(name, device[name]) for name, _ in self._states}
        sent = {name: np.asarray(v, device[name].dtype) for name, v in inputs.items()}
        free: dict[str, Array] = {**self._constants, **sent, **before}
        for step in self._steps:
            done = step.node.when is None or bool(seen[step.node.when.tensor])
            if done:
                self._judge(step, seen)
            self._drift(step, free, device if done else {})
        if self._states:
            self._free = {name: free[next] for name, next in self._states if next in free}
            self.verdict.original = np.nan
        else:
            self._compare_with_original(inputs, device)
        self.verdict.samples += 1

    def _judge(self, step: _Step, seen: dict[str, Array]) -> None:
        x = [_wide(seen[n]) for n in step.inputs]
        y = _recomputed(step.node, x)
        named = [(n, v) for n, v in zip(step.outputs, y, strict=False) if n in self.verdict.checks]
        if not named:
            return
        kind = self.verdict.checks[named[0][0]].dtype
        u = (F16 if step.half else F32).unit_roundoff if kind.is_float else 0.0
        with np.errstate(all="ignore"):
            bounds = step.operator.bound(step.node, x, y, u)
            got = [
                _wide(seen[n]) if n in seen else v for n, v in zip(step.outputs, y, strict=False)
            ]
            ties = step.operator.same(step.node, x, got, y)
        for i, name in enumerate(step.outputs[: len(y)]):
            if name in self.verdict.checks:
                bound = bounds[i] if i < len(bounds) else np.zeros(y[i].shape)
                bound = np.where(bound > 0, bound * REFERENCE_SLACK + step.floor, 0)
                bound = _stored(bound, y[i], self.verdict.checks[name].dtype)
                self._note(name, seen[name], y[i], bound, ties[i])

    def _note(self, name: str, got: Array, want: Array, bound: Array, tie: Array) -> None:
        """Compare one tensor of one sample, element for element."""
        check = self.verdict.checks[name]
        if want.shape != got.shape:  # then nothing of it is right
            want, bound = np.full(got.shape, np.nan), np.zeros(got.shape)
        if not check.dtype.is_float:
            bound = np.zeros(got.shape)
        error, equal = _difference(got, want)
        tie = np.broadcast_to(tie, got.shape) & ~equal
        error[tie] = 0
        with np.errstate(invalid="ignore"):  # infinity by infinity
            share = np.where(error == 0, 0.0, error / np.where(bound > 0, bound, np.nan))
        share = np.where(np.isnan(share), np.inf, share)
        failed = int(np.count_nonzero(share > 1))
        if failed and check.ok and self.verdict.first is None:
            self.verdict.first = (self.verdict.samples, name)
        check.failed += failed
        check.ties += int(np.count_nonzero(tie))
        worst = int(np.argmax(share))
        if share.flat[worst] >= check.share:
            check.share = float(share.flat[worst])
            check.bound = float(np.broadcast_to(bound, got.shape).flat[worst])
        check.max_abs = max(check.max_abs, float(error.max(initial=0)))
        finite = np.isfinite(error)
        ulps = np.where(finite, np.where(finite, error, 0) / _ulp(want, check.dtype), np.inf)
        check.max_ulp = max(check.max_ulp, float(ulps.max(initial=0)))

    def _compare_with_original(self, inputs: dict[str, Array], device: dict[str, Array]) -> None:
        """The graph that is verified node for node must also still be the user's model."""
        typed = {n: np.asarray(v, device[n].dtype) for n, v in inputs.items()}
        try:
            with np.errstate(all="ignore"):
                outputs = self._original.run(None, typed)
        except Exception:  # onnx.reference does not run every model that ONNX allows
            self.verdict.original = np.inf
            return
        for name, want in zip(self._original.output_names, outputs, strict=True):
            error, _ = _difference(device[name], want)
            self.verdict.original = max(self.verdict.original, float(error.max(initial=0)))

    def _drift(self, step: _Step, free: dict[str, Array], device: dict[str, Array]) -> None:
        outputs = _recomputed(step.node, [_wide(free[n]) for n in step.inputs])
        for name, value in zip(step.outputs, outputs, strict=False):
            free[name] = value
            if name in self.verdict.checks and name in device:
                check = self.verdict.checks[name]
                error, _ = _difference(device[name], value)
                check.drift = max(check.drift, float(error.max(initial=0)))


def _stored(bound: Array, want: Array, kind: DType) -> Array:
    """The bound of a result that is computed in float32 and rounded once more, to its own type."""
    if kind is not F16:
        return bound
    least = float(kind.finfo.smallest_subnormal)
    with np.errstate(invalid="ignore"):  # of results that are not finite
        rounding = (np.abs(want) + bound) * kind.unit_roundoff + least
        return np.where(bound > 0, bound + rounding, 0)


def _constants(graph: ir.Graph) -> dict[str, Array]:
    values = ((str(v.name), constant_value(v)) for v in graph.initializers.values())
    return {name: data for name, data in values if data is not None}


def _steps(graph: ir.Graph, half: set[str]) -> list[_Step]:
    steps = []
    for ir_node in graph:
        node = Node(ir_node)
        operator = lookup(node)
        inputs = [str(v.name) for v in ir_node.inputs if v is not None]
        outputs = [str(v.name) for v in ir_node.outputs]
        first = next(v for v in ir_node.outputs if v.dtype is not None)  # others nobody reads
        kind = value_dtype(first)
        size = max(1, int(np.prod(static_shape(first))))
        tiny = float(kind.finfo.smallest_subnormal) if kind.is_float else 0.0
        products = operator.macs(node) // size + 1
        steps.append(_Step(node, operator, inputs, outputs, node.name in half, products * tiny))
    return steps


def _recomputed(node: Node, x: list[Array]) -> list[Array]:
    """The exact outputs.

    Raises:
        ModelError: ONNX has none for these inputs, such as indices that are out of range.
    """
    try:
        return evaluate(node, x)
    except Exception as e:
        raise ModelError(
            f"ONNX defines no result for its inputs: {printable(e)}",
            where=f"{node.op} node '{node.name}'",
            advice="other data",
        ) from e


def _wide(array: Array) -> Array:
    """Floats as float64; integers and bools, which are exact, as they are."""
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _difference(got: Array, want: Array) -> tuple[Array, Array]:
    """Absolute difference, infinite where just one is NaN; and where they are equal."""
    if got.shape != want.shape:
        return np.full(got.shape, np.inf), np.zeros(got.shape, bool)
    a, b = got.astype(np.float64), want.astype(np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(a - b)
    error = np.where(np.isnan(error), np.inf, error)
    if got.dtype.kind in "iu":
        equal = got == want
        return np.where(equal, 0.0, np.maximum(error, 1.0)), equal  # beyond 2**53 float64 has gaps
    equal = (a == b) | (np.isnan(a) & np.isnan(b))
    if got.dtype.kind == "f":
        with np.errstate(over="ignore"):
            equal |= b.astype(got.dtype) == got
    return np.where(equal & ~np.isfinite(error), 0.0, error), equal


def _ulp(want: Array, kind: DType) -> Array:
    """Distance between neighbours at the reference, rounded to the tensor's own type."""
    if kind is dtype.BOOL or not kind.is_float:
        return np.ones(want.shape)
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.abs(want).astype(kind.numpy)).astype(np.float64)
    return np.where(np.isfinite(spacing), spacing, np.inf)
