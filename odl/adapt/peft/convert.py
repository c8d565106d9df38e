"""From what a program has learnt to what PEFT has of a network's modules, and back.

Groups of channels see themselves alone: their rows of R stand below each other, with zeros for the
channels of the others, as PEFT's first convolution has no groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.adapt.chain import Blocks, Chain
from odl.adapt.files import Base, Tensors
from odl.adapt.fit import fit
from odl.adapt.method import Given
from odl.adapt.origins import Origin
from odl.adapt.peft.config import LORA, MISS, PeftConfig, residual_starts
from odl.adapt.peft.folder import (
    BIAS,
    BLOCK,
    LEFT,
    RIGHT,
    WEIGHT,
    WRAPPED_BIAS,
    PeftAdapter,
)
from odl.adapt.record import Record
from odl.errors import IntegrityError, ModelError, UsageError
from odl.ops.linear import Linear, Woven
from odl.spec import Spec

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Adapted:
    """A weight that learns by factors, as it is at first."""

    record: Record
    linear: Linear
    origin: Origin
    start: dict[str, Array]
    """Factors by role, as matrices."""
    chain: Chain
    gap: tuple[Array, Array] | None
    """W0 less the stored base, as two factors; None: they are the same."""

    @property
    def factor(self) -> Array | float:
        """[groups, outputs, 1]: see Origin."""
        factor = self.origin.factor
        return factor.reshape(self.linear.groups, self.linear.outputs, 1) if factor.ndim else 1.0

    @property
    def only_products(self) -> bool:
        """Whether W is the base and L M R."""
        chain = self.chain
        return chain.left is not None and chain.codes is None and chain.rows is None

    @property
    def blocks(self) -> int:
        """The rank of what PEFT has as MiSS; 0: it has none of this layer."""
        right = self.chain.right
        return right.rank if isinstance(right, Blocks) and not self.linear.taps else 0


def adapted(base: Base, record: Record, origin: Origin) -> Adapted:
    linear = base.linear(record.weight)
    start = record.values(linear, base.constants)
    stored = record.base(linear, base.constants)
    chain = record.chain(stored, start)
    gap = None
    if record.residual:
        left, right = chain.product(start, linear.channels)
        gap = chain.scale * left, right
    elif chain.codes is not None:
        error = linear.matrix(base.before(record.weight).astype(np.float64))
        error = error - stored * start["steps"]
        gap = error, np.broadcast_to(np.eye(linear.columns), (linear.groups, *[linear.columns] * 2))
    return Adapted(record, linear, origin, start, chain, gap)


def to_peft(base: Base, learnt: Tensors, known: Mapping[str, Origin]) -> PeftAdapter:
    """Of LoRA's kind, or MiSS where all layers have that and are of one rank.

    Raises:
        UsageError: something was learnt that PEFT's files have no place for.
    """
    layers = [adapted(base, r, known[r.weight]) for r in base.records]
    arrays = {**base.constants, **learnt}
    for a in layers:
        if not isinstance(a.linear, Woven) or not a.only_products:
            raise _placeless(f"'{a.record.weight}'", f"'{a.record.method}'")
    blocks, modules = {a.blocks for a in layers}, dict[str, dict[str, Array]]()
    if len(blocks) == 1 and blocks != {0}:
        config = PeftConfig(MISS, blocks.pop())
        for a in layers:
            left = a.record.values(a.linear, arrays)["left"] / a.factor
            modules[a.origin.module] = {BLOCK: left[0].T.astype(np.float32)}
    else:
        config = _to_lora(layers, arrays, modules)
    _store_plain(base, learnt, known, modules)
    return PeftAdapter(config, modules)


def _placeless(what: str, how: str) -> UsageError:
    return UsageError(
        f"what {what} learns by {how} has no layout in PEFT",
        advice="merge it, or export it as it is",
    )


def _to_lora(
    layers: list[Adapted], arrays: Tensors, modules: dict[str, dict[str, Array]]
) -> PeftConfig:
    ranks, alphas = dict[str, float](), dict[str, float]()
    for a in layers:
        left, right = a.chain.product(a.record.values(a.linear, arrays), a.linear.channels)
        right = np.broadcast_to(right, (a.linear.groups, *right.shape[1:]))
        if a.gap is not None:
            left = np.concatenate([left, -a.gap[0] / a.chain.scale], axis=2)
            right = np.concatenate([right, a.gap[1]], axis=1)
        rank = left.shape[0] * left.shape[2]
        ranks[a.origin.module], alphas[a.origin.module] = rank, a.chain.scale * rank
        parts = {RIGHT: _spread(right, a.linear), LEFT: _stacked(left / a.factor, a.linear)}
        modules[a.origin.module] = {k: v.astype(np.float32) for k, v in parts.items()}
    if not layers:
        return PeftConfig(LORA, 1)
    rank, alpha = int(next(iter(ranks.values()))), next(iter(alphas.values()))
    others = {m: r for m, r in ranks.items() if set(ranks.values()) != {rank}}
    scaled = {m: a for m, a in alphas.items() if set(alphas.values()) != {alpha}}
    return PeftConfig(LORA, rank, alpha, others, scaled)


def _spread(right: Array, linear: Linear) -> Array:
    """[groups, r, columns] as PEFT has lora_A: with zeros for the channels of other groups."""
    groups, rank, _ = right.shape
    taps = int(np.prod(linear.taps, dtype=int))
    whole = np.zeros((groups, rank, groups, linear.channels * taps))
    whole[np.arange(groups), :, np.arange(groups)] = right
    return whole.reshape(groups * rank, groups * linear.channels, *linear.taps)


def _stacked(left: Array, linear: Linear) -> Array:
    """[groups, outputs, r] as PEFT has lora_B."""
    return left.reshape(-1, left.shape[2], *[1] * len(linear.taps))


def _store_plain(
    base: Base, learnt: Tensors, known: Mapping[str, Origin], modules: dict[str, dict[str, Array]]
) -> None:
    """Parameters that were trained as they are, and the biases of weights that were."""
    names = {(o.module, o.part): n for n, o in known.items()}
    for name, array in learnt.items():
        if name in known and name in base.learns:
            _put(modules, known[name], array)
    for module, parts in modules.items():
        bias = names.get((module, BIAS))
        if WEIGHT in parts and BIAS not in parts and bias is not None:
            parts[BIAS] = known[bias].theirs(base.before(bias))


def _put(modules: dict[str, dict[str, Array]], origin: Origin, array: Array) -> None:
    if origin.part not in (WEIGHT, BIAS):
        raise _placeless(f"{origin.part} of '{origin.module}'", "itself")
    parts = modules.setdefault(origin.module, {})
    factors = {LEFT, BLOCK} & set(parts)
    part = WRAPPED_BIAS if factors and origin.part == BIAS else origin.part
    parts[part] = origin.theirs(array).astype(np.float32)


def from_peft(base: Base, adapter: PeftAdapter, known: Mapping[str, Origin], where: str) -> Tensors:
    """Values of what the program trains, with which it does what the adapted network does.

    Raises:
        ModelError: tensors do not fit each other.
        IntegrityError: they do not fit the program.
    """
    layers = {}
    for record in base.records:
        if isinstance(base.linear(record.weight), Woven):
            layers[known[record.weight].module] = adapted(base, record, known[record.weight])
    plain = {(o.module, o.part): n for n, o in known.items()}
    found: Tensors = {}
    for module, parts in adapter.modules.items():
        at = f"{where}: module '{module}'"
        if {LEFT, RIGHT, BLOCK} & set(parts):
            if module not in layers:
                names = ", ".join(f"'{m}'" for m in list(layers)[:8])
                raise IntegrityError(
                    "the program does not adapt it", where=at, advice=f"it adapts {names or 'none'}"
                )
            found |= _fitted(layers[module], parts, adapter.config, module, at)
        for part in (WEIGHT, BIAS, WRAPPED_BIAS):
            if part in parts:
                name = plain.get((module, part.rpartition(".")[2]))
                found |= _plain(base, known, name, parts[part], f"{at}, {part}")
    return found


def _fitted(
    a: Adapted, parts: Mapping[str, Array], config: PeftConfig, module: str, where: str
) -> Tensors:
    left, right = _change(a, parts, config, module, where)
    left = left * a.factor
    if a.gap is not None:
        left = np.concatenate([left, a.gap[0]], axis=2)
        right = np.concatenate([right, a.gap[1]], axis=1)
    made = fit(a.chain, a.record.trained, a.start, (left, right), a.linear.channels)
    if made is None:
        raise IntegrityError(
            f"'{a.record.method}' as it was compiled cannot make this change of rank "
            f"{int(np.linalg.matrix_rank(left @ right).max(initial=0))}",
            where=where,
            advice="compile with --train lora and that r",
        )
    shapes = {role: name for role, name in a.record.factors.items() if role in made}
    taps = {"left": a.chain.implicit, "right": True, "core": False}
    return {n: np.ascontiguousarray(a.linear.array(made[k], taps[k])) for k, n in shapes.items()}


def _change(
    a: Adapted, parts: Mapping[str, Array], config: PeftConfig, module: str, where: str
) -> tuple[Array, Array]:
    """Of the module's weight, as [groups, outputs, any] and [groups, any, columns]."""
    if config.kind == MISS:
        return _miss(a.linear, parts, config, where)
    left, right, scale = _lora(a.linear, parts, config, module, where)
    if not config.start:
        return left * scale, right
    method, rank = residual_starts()[config.start], config.rank_of(module)
    w0 = a.linear.matrix(a.origin.before.astype(np.float64)) / a.factor
    spec = Spec("--train", method.name, {"r": str(rank), "alpha": repr(scale * rank)})
    given = Given(module, w0, a.linear.channels, spec, min(rank, *w0.shape[1:]))
    start = method.declare(given)
    first, then = start.product(start.start(half=False), a.linear.channels)
    return (
        np.concatenate([left * scale, -start.scale * first], axis=2),
        np.concatenate([right, then], axis=1),
    )


def _lora(
    linear: Linear, parts: Mapping[str, Array], config: PeftConfig, module: str, where: str
) -> tuple[Array, Array, float]:
    if set(parts) & {LEFT, RIGHT, BLOCK} != {LEFT, RIGHT}:
        raise ModelError(f"needs {RIGHT} and {LEFT}, and nothing else", where=where)
    rank, groups = config.rank_of(module), linear.groups
    want = {
        RIGHT: (rank, groups * linear.channels, *linear.taps),
        LEFT: (groups * linear.outputs, rank // groups, *[1] * len(linear.taps)),
    }
    for part, shape in want.items():
        if parts[part].shape != shape or rank % groups:
            raise IntegrityError(
                f"{part} has the shape {list(parts[part].shape)}", where=where,
                advice=f"{list(shape)} fits the program and rank {rank}",
            )  # fmt: skip
    blocks = parts[RIGHT].astype(np.float64).reshape(groups, rank // groups, groups, linear.columns)
    own = np.einsum("grgc->grc", blocks)
    if np.count_nonzero(blocks) > np.count_nonzero(own):
        raise IntegrityError("sees channels of other groups, which Conv cannot", where=where)
    left = parts[LEFT].astype(np.float64).reshape(groups, linear.outputs, -1)
    return left, own, config.scale_of(module)


def _miss(
    linear: Linear, parts: Mapping[str, Array], config: PeftConfig, where: str
) -> tuple[Array, Array]:
    block = parts.get(BLOCK, np.zeros(0))
    shape = (config.rank, config.mini or linear.outputs)
    if linear.taps or block.shape != shape or linear.outputs % shape[1]:
        raise IntegrityError(
            f"{BLOCK} has the shape {list(block.shape)}", where=where,
            advice=f"for this layer PEFT has {'none' if linear.taps else list(shape)}",
        )  # fmt: skip
    left = np.tile(block.astype(np.float64), (1, linear.outputs // shape[1])).T[None]
    return left, Blocks(config.rank).matrix(linear.channels)


def _plain(
    base: Base, known: Mapping[str, Origin], name: str | None, array: Array, where: str
) -> Tensors:
    """A parameter; nothing if the program does not train it and it is what it was."""
    if name is None or array.shape != known[name].first.shape:
        raise IntegrityError("is no parameter of the program", where=where)
    if np.array_equal(array, known[name].first.astype(np.float32)):
        return {}
    if name not in base.learns:
        raise IntegrityError("has changed, and the program does not train it", where=where)
    return {name: np.ascontiguousarray(known[name].ours(array))}
