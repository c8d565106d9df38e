"""Random models of operators that move, select, index and resample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.conformance.random_models import Array, Builder, Rng, pick, size

KINDS_OF_ELEMENTS = (np.float32, np.float16, np.int8, np.uint8, np.int32, np.int64, np.bool_)
NUMBERS = KINDS_OF_ELEMENTS[:-1]


def elements(b: Builder, *shape: int, kind: Any = np.float32, most: int = 100) -> Array:
    """Whole numbers, exact in every type, with many ties where `most` is small."""
    low = 0 if kind in (np.uint8, np.bool_) else -most
    return np.asarray(b.rng.integers(low, most, shape, endpoint=True)).astype(kind)


def tensor(b: Builder, *shape: int, kind: Any = None) -> str:
    """An input of the type, or of any."""
    kind = pick(b.rng, *KINDS_OF_ELEMENTS) if kind is None else kind
    return b.input(values=elements(b, *shape, kind=kind))


def dims(r: Rng, low: int, high: int, most: int = 6) -> tuple[int, ...]:
    return tuple(size(r, 1, most) for _ in range(size(r, low, high)))


def ints(b: Builder, *values: int) -> str:
    return b.constant(np.array(values, np.int64))


def places(b: Builder, n: int, *shape: int) -> Array:
    """Indices into an axis of n, from both of its ends, of 32 or 64 bits."""
    return b.rng.integers(-n, n, shape).astype(pick(b.rng, np.int32, np.int64))


def known_or_not(b: Builder, array: Array) -> str:
    """A constant, or an input."""
    return b.constant(array) if pick(b.rng, True, False) else b.input(values=array)


def slices(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, dims(b.rng, 1, 5, 7)
    axes = [a for a in range(len(shape)) if size(r, 0, 2)] or [0]
    starts, ends, steps = [], [], []
    for a in axes:
        step = pick(r, 1, 1, 2, 3, -1, -2)
        first = size(r, 0, shape[a] - 1)
        far = pick(r, 1 << 40, shape[a]) if step > 0 else -(1 << 40)
        starts.append(pick(r, first, first - shape[a]))
        ends.append(pick(r, far, first + (1 if step > 0 else -1 - shape[a])))
        steps.append(step)
    x = tensor(b, *shape)
    named = [a - len(shape) * size(r, 0, 1) for a in axes]
    return (b("Slice", x, *(ints(b, *v) for v in (starts, ends, named, steps))),)


def splits(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, list(dims(b.rng, 1, 4))
    axis, parts = size(r, 0, len(shape) - 1), size(r, 1, 4)
    lengths = [size(r, 1, 4) for _ in range(parts)]
    shape[axis] = sum(lengths)
    x = tensor(b, *shape)
    if pick(r, True, False):
        first = b("Split", x, ints(b, *lengths), outputs=parts, axis=axis - len(shape))
    else:
        shape[axis] = parts = size(r, 1, 5)
        x = tensor(b, *shape)
        first = b("Split", x, outputs=parts, axis=axis, num_outputs=parts)
    return (first, *(f"{first}_{i}" for i in range(1, parts)))


def repeats(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, dims(b.rng, 1, 4, 4)
    thin = tuple(pick(r, n, 1) for n in shape)[size(r, 0, len(shape) - 1) :]
    times = [size(r, 1, 3) for _ in shape]
    wide = b("Expand", tensor(b, *thin), ints(b, *shape))
    return wide, b("Tile", tensor(b, *shape), ints(b, *times))


def spaces(b: Builder) -> tuple[str, ...]:
    r, n = b.rng, size(b.rng, 1, 3)
    kind = pick(r, np.float32, np.uint8)
    deep = tensor(b, 1, n * n * size(r, 1, 3), size(r, 1, 4), size(r, 1, 4), kind=kind)
    flat = tensor(b, 1, size(r, 1, 3), n * size(r, 1, 3), n * size(r, 1, 3), kind=np.float32)
    mode = pick(r, "DCR", "CRD")
    near = b("DepthToSpace", deep, blocksize=n, mode=mode)
    return near, b("SpaceToDepth", flat, blocksize=n)


def gathers(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, dims(b.rng, 1, 4)
    axis = size(r, 0, len(shape) - 1)
    x = tensor(b, *shape)
    where = known_or_not(b, places(b, shape[axis], *dims(r, 0, 2, 3)))
    part = tuple(n if a == axis else size(r, 1, n) for a, n in enumerate(shape))
    each = known_or_not(b, places(b, shape[axis], *part))
    depth = size(r, 1, len(shape))
    tuples = np.stack([places(b, n, 2, 3) for n in shape[:depth]], axis=-1).astype(np.int64)
    return (
        b("Gather", x, where, axis=axis - len(shape)),
        b("GatherElements", x, each, axis=axis),
        b("GatherND", x, known_or_not(b, tuples)),
    )


def gather_batches(b: Builder) -> tuple[str, ...]:
    batch, n, m = (size(b.rng, 1, 4) for _ in range(3))
    x = tensor(b, batch, n, m, 3)
    tuples = np.stack([places(b, k, batch, 5) for k in (n, m)], axis=-1).astype(np.int64)
    return (b("GatherND", x, b.input(values=tuples), batch_dims=1),)


def scatters(b: Builder) -> tuple[str, ...]:
    """Equal indices where a reduction makes sense of them."""
    r, shape = b.rng, dims(b.rng, 1, 3)
    kind = pick(r, np.float32, np.int32, np.int64, np.uint8, np.int8)
    reduction = pick(r, "add", "mul", "min", "max")
    axis = size(r, 0, len(shape) - 1)
    part = tuple(n if a == axis else size(r, 1, n) for a, n in enumerate(shape))
    few = {"most": 3} if reduction == "mul" else {}
    x = b.input(values=elements(b, *shape, kind=kind, **few))
    update = b.input(values=elements(b, *part, kind=kind, **few))
    each = known_or_not(b, places(b, shape[axis], *part))
    tuples = known_or_not(b, places(b, shape[0], 4, 1).astype(np.int64))
    rows = b.input(values=elements(b, 4, *shape[1:], kind=kind, **few))
    return (
        b("ScatterElements", x, each, update, axis=axis, reduction=reduction),
        b("ScatterND", x, tuples, rows, reduction=reduction),
    )


def replacements(b: Builder) -> tuple[str, ...]:
    """Different indices: the order is not defined."""
    r, shape = b.rng, dims(b.rng, 1, 3)
    kind = pick(r, *KINDS_OF_ELEMENTS)
    axis = size(r, 0, len(shape) - 1)
    order = np.argsort(r.random(shape), axis=axis)
    x, update = (tensor(b, *shape, kind=kind) for _ in range(2))
    some = r.permutation(shape[0])[: size(r, 1, shape[0])][:, None]
    rows = tensor(b, len(some), *shape[1:], kind=kind)
    return (
        b("ScatterElements", x, known_or_not(b, order), update, axis=axis - len(shape)),
        b("ScatterND", x, known_or_not(b, some), rows),
    )


def scans(b: Builder) -> tuple[str, ...]:
    shape = dims(b.rng, 1, 4)
    x = tensor(b, *shape, kind=pick(b.rng, np.float32, np.int32, np.int64))
    axis = b.constant(np.array(size(b.rng, -len(shape), len(shape) - 1), np.int64))
    ways = {"exclusive": size(b.rng, 0, 1), "reverse": size(b.rng, 0, 1)}
    return (b("CumSum", x, axis, **ways),)


def orders(b: Builder) -> tuple[str, ...]:
    """Few values, so that there are ties."""
    r, shape = b.rng, dims(b.rng, 1, 3, 9)
    axis = size(r, 0, len(shape) - 1)
    kind = pick(r, np.float32, np.float32, np.int32, np.int64)
    x = b.input(values=elements(b, *shape, kind=kind, most=4))
    k = ints(b, size(r, 1, shape[axis]))
    found = b("TopK", x, k, outputs=2, axis=axis - len(shape), largest=size(r, 0, 1))
    y = b.input(values=elements(b, *shape, most=4))
    return found, f"{found}_1", b("Hardmax", y, axis=axis)


def triangles(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, dims(b.rng, 2, 4)
    k = [b.constant(np.array(size(r, -7, 7), np.int64))] if size(r, 0, 3) else []
    x = tensor(b, *shape, kind=pick(r, np.float32, np.int64, np.bool_))
    square = tensor(b, *shape[:2], kind=np.float32)
    eye = b("EyeLike", square, k=size(r, -3, 3), dtype=pick(r, 1, 6, 7))
    return b("Trilu", x, *k, upper=size(r, 0, 1)), eye


def one_hots(b: Builder) -> tuple[str, ...]:
    r, shape, depth = b.rng, dims(b.rng, 1, 3), size(b.rng, 1, 5)
    index = r.integers(-depth - 1, depth + 2, shape)  # some of them outside
    f, i, j = np.float32, np.int64, np.int32  # the types that ONNX Runtime has
    kinds = pick(r, (i, i, i), (f, i, i), (f, f, f), (i, i, f), (j, j, f))
    where = b.input(values=index.astype(kinds[0]))
    deep, ends = b.constant(np.array(depth, kinds[1])), b.constant(np.array([2, 7], kinds[2]))
    axis = size(r, -len(shape) - 1, len(shape))
    return (b("OneHot", where, deep, ends, axis=axis),)


def sequences(b: Builder) -> tuple[str, ...]:
    r, batch, time = b.rng, size(b.rng, 1, 4), size(b.rng, 1, 6)
    lengths = known_or_not(b, r.integers(1, time + 1, batch))
    first = size(r, 0, 1)
    x = tensor(b, *((batch, time) if first else (time, batch)), *dims(r, 0, 2, 3))
    return (b("ReverseSequence", x, lengths, batch_axis=1 - first, time_axis=first),)


def crops(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, dims(b.rng, 1, 4)
    axes = [a for a in range(len(shape)) if size(r, 0, 1)] or [0]
    new = ints(b, *(size(r, 1, 8) for _ in axes))
    named = [a - len(shape) * size(r, 0, 1) for a in axes]
    return (b("CenterCropPad", tensor(b, *shape, kind=np.float32), new, axes=named),)


def choices(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, dims(b.rng, 0, 4, 4)
    kind = pick(r, np.float32, np.int32, np.int64, np.uint8)
    thin = [tuple(pick(r, n, n, 1) for n in shape)[size(r, 0, len(shape)) :] for _ in range(3)]
    condition = tensor(b, *thin[0], kind=np.bool_)
    whole = tensor(b, *shape, kind=kind)
    y = b("Where", condition, tensor(b, *thin[1], kind=kind), tensor(b, *thin[2], kind=kind))
    return y, b("Where", condition, whole, tensor(b, *thin[2], kind=kind))


COORDINATES = (
    "half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric",
)  # fmt: skip


def nearest(b: Builder) -> tuple[str, ...]:
    r, shape = b.rng, (size(b.rng, 1, 2), size(b.rng, 1, 3), *dims(b.rng, 1, 3, 5))
    out = ints(b, *shape[:2], *(size(r, 1, 9) for _ in shape[2:]))
    how = {
        "coordinate_transformation_mode": pick(r, *COORDINATES),
        "nearest_mode": pick(r, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    }
    x = tensor(b, *shape, kind=pick(r, np.float32, np.int32, np.int8, np.uint8))
    return (b("Resize", x, "", "", out, mode="nearest", **how),)


def linear(b: Builder) -> tuple[str, ...]:
    r, spatial = b.rng, dims(b.rng, 1, 3, 5)
    x = b.input(size(r, 1, 2), size(r, 1, 3), *spatial)
    new = [size(r, 2, 9) for _ in spatial]
    how = pick(r, "half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel")
    axes = [a - (2 + len(spatial)) * size(r, 0, 1) for a in range(2, 2 + len(spatial))]
    y = b("Resize", x, "", "", ints(b, *new), mode="linear", axes=axes,
          coordinate_transformation_mode=how)  # fmt: skip
    if len(spatial) != 2:
        return (y,)
    scales = b.constant(np.array([1, 1, pick(r, 0.5, 1.5, 2.0), pick(r, 0.7, 3.0)], np.float32))
    roomy = b.input(1, 2, 4, 5)
    down = b("Resize", roomy, "", scales, mode="linear", antialias=1)
    cubic = b("Resize", roomy, "", scales, mode="cubic", exclude_outside=size(r, 0, 1))
    return y, down, cubic


def crops_and_resizes(b: Builder) -> tuple[str, ...]:
    x = b.input(1, size(b.rng, 1, 3), 5, 6)
    roi = b.constant(np.array([0, 0, 0.3, -0.1, 1, 1, 0.9, 1.2], np.float32))
    other = [pick(b.rng, 2, 3, 4, 7) for _ in range(2)]  # ONNX Runtime does not crop what stays
    out = ints(b, 1, b.inputs[x].shape[1], *other)
    return (
        b("Resize", x, roi, "", out, mode=pick(b.rng, "linear", "nearest"),
          coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=2.5),
    )  # fmt: skip


def conv_transpose(b: Builder) -> tuple[str, ...]:
    r, rank, groups = b.rng, size(b.rng, 1, 3), pick(b.rng, 1, 1, 2, 3)
    in_group, out_group = size(r, 1, 3), size(r, 1, 4)
    spatial, kernel, stride, dilation = (
        [size(r, 1, most) for _ in range(rank)] for most in (5, 3, 3, 2)
    )
    x = b.input(size(r, 1, 2), groups * in_group, *spatial)
    w = b.weight(groups * in_group, out_group, *kernel)
    bias = [b.weight(groups * out_group)] if pick(r, True, False) else []
    more: dict[str, Any] = {"strides": stride, "dilations": dilation, "group": groups}
    padding = pick(r, "pads", "pads", "shape", "SAME_UPPER", "SAME_LOWER", "VALID")
    full = [
        (n - 1) * s + (k - 1) * d + 1
        for n, s, k, d in zip(spatial, stride, kernel, dilation, strict=True)
    ]
    if padding == "pads":
        more["output_padding"] = [size(r, 0, s - 1) for s in stride]
        cut = [size(r, 0, (n - 1) // 2) for n in full]
        more["pads"] = [min(c, 2) for c in cut * 2]
    elif padding == "shape":
        more["output_shape"] = [
            size(r, max(m, n - 2), n) for m, n in zip(spatial, full, strict=True)
        ]
    elif padding == "VALID" or all(
        n >= m * s for n, m, s in zip(full, spatial, stride, strict=True)
    ):
        more["auto_pad"] = padding
    return (b("ConvTranspose", x, w, *bias, **more),)


EQUATIONS = (
    "ij,jk->ik", "bij,bjk->bik", "bij,bkj->bik", "ij->ji", "ij->j", "ij->", "ii->i", "bii->bi",
    "ii->", "i,i->", "i,j->ij", "ij,ij->ij", "ij,ij->i", "bhqd,bhkd->bhqk", "ijk,jil->kl",
    "...ij,...jk->...ik", "...i->...", "ij,jk", "ba", "i,ij,j->", "ij,jk,kl->il", "ii,ij->j",
)  # fmt: skip


def einsum(b: Builder) -> tuple[str, ...]:
    equation = EQUATIONS[b.rng.integers(len(EQUATIONS))]
    sizes = {c: size(b.rng, 1, 5) for c in equation if c.isalpha()}
    shapes = [
        [n for c in term.replace("...", "_") for n in ((2, 3) if c == "_" else (sizes[c],))]
        for term in equation.split("->")[0].split(",")
    ]
    return (b("Einsum", *(b.input(*s) for s in shapes), equation=equation),)


KINDS: dict[Callable[[Builder], tuple[str, ...]], int] = {
    slices: 16, splits: 8, repeats: 8, spaces: 6, gathers: 12, gather_batches: 3, scatters: 12,
    replacements: 8, scans: 8, orders: 12, triangles: 6, one_hots: 8, sequences: 6, crops: 6,
    choices: 8, nearest: 16, linear: 16, crops_and_resizes: 4, conv_transpose: 20, einsum: 24,
}  # fmt: skip
