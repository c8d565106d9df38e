"""Graphs that move elements, at which gradients are judged."""

from __future__ import annotations

import numpy as np

from tests.train.gradients import Case, Feeds

CASES: dict[str, Case] = {}


def _case(name: str, ports: str, weights: str, body: str, **more: object) -> None:
    CASES[name] = Case(f"g {ports} {weights} {{ {body} }}", **more)  # type: ignore[arg-type]


def _with_indices(high: int, low: int = 0, distinct: bool = False) -> dict[str, object]:
    """Integers within the axis for the input `i`."""

    def choose(feeds: Feeds) -> Feeds:
        rng, shape = np.random.default_rng(3), feeds["i"].shape
        values = rng.integers(low, high, shape)
        if distinct:
            values = rng.permutation(high)[: values.size].reshape(shape)
        return {**feeds, "i": values.astype(feeds["i"].dtype)}

    return {"feeds": choose}


for shape, perm, out in (
    ("2,3,4", "[2,0,1]", "4,2,3"),
    ("3,5", "[1,0]", "5,3"),
    ("1,4,1,2", "[3,2,0,1]", "2,1,1,4"),
):
    _case(
        f"Transpose {perm}",
        f"(float[{shape}] x) => (float[{out}] y)",
        "",
        f"y = Transpose <perm = {perm}> (x)",
    )

for shape, to in (("3,1", "3,4"), ("4", "2,3,4"), ("1,3,1", "2,3,5")):
    dims = len(to.split(","))
    _case(
        f"Expand {to}",
        f"(float[{shape}] x) => (float[{to}] y)",
        f"<int64[{dims}] s = {{{to}}}>",
        "y = Expand (x, s)",
    )

for shape, repeats, out in (("2,3", "2,2", "4,6"), ("3", "4", "12"), ("2,1,2", "1,3,2", "2,3,4")):
    dims = len(out.split(","))
    _case(
        f"Tile {repeats}",
        f"(float[{shape}] x) => (float[{out}] y)",
        f"<int64[{dims}] r = {{{repeats}}}>",
        "y = Tile (x, r)",
    )

for name, start, end, axes, steps, out in (
    ("inside", "1,0", "3,4", "0,1", "1,1", "2,4"),
    ("steps", "0,1", "5,6", "0,1", "2,3", "3,2"),
    ("back", "-1,5", "-9,0", "0,1", "-1,-2", "5,3"),
    ("last axis", "2", "9", "1", "3", "5,2"),
    ("all", "0", "5", "0", "1", "5,6"),
):
    n = len(start.split(","))
    weights = ", ".join(
        f"int64[{n}] {k} = {{{v}}}" for k, v in zip("sean", (start, end, axes, steps), strict=True)
    )
    _case(
        f"Slice {name}",
        f"(float[5,6] x) => (float[{out}] y)",
        f"<{weights}>",
        "y = Slice (x, s, e, a, n)",
    )

for mode, pads, out in (
    ("constant", "1,0,0,2", "4,6"),
    ("constant", "-1,2,1,-1", "3,5"),
    ("edge", "1,2,0,1", "4,7"),
    ("reflect", "2,1,1,2", "6,7"),
    ("wrap", "1,3,2,1", "6,8"),
    ("reflect", "-1,2,1,-1", "3,5"),
):
    _case(
        f"Pad {mode} {pads}",
        f"(float[3,4] x) => (float[{out}] y)",
        f"<int64[4] p = {{{pads}}}>",
        f'y = Pad <mode = "{mode}"> (x, p)',
    )

for axis, index, out in (
    (0, "3", "3,4,2"),
    (1, "2,3", "5,2,3,2"),
    (-1, "4", "5,4,4"),
    (1, "", "5,2"),
):
    _case(
        f"Gather {axis} [{index}]",
        f"(float[5,4,2] x, int64{f'[{index}]' if index else ''} i) => (float[{out}] y)",
        "",
        f"y = Gather <axis = {axis}> (x, i)",
        **_with_indices(2, -2),
    )
for axis, index in ((0, "2,4"), (1, "5,3"), (-1, "3,7")):
    _case(
        f"GatherElements {axis}",
        f"(float[5,4] x, int64[{index}] i) => (float[{index}] y)",
        "",
        f"y = GatherElements <axis = {axis}> (x, i)",
        **_with_indices(4, -4),
    )
for index, out in (("3,1", "3,4,2"), ("2,2", "2,2"), ("2,3,3", "2,3")):
    _case(
        f"GatherND [{index}]",
        f"(float[5,4,2] x, int64[{index}] i) => (float[{out}] y)",
        "",
        "y = GatherND (x, i)",
        **_with_indices(2, -2),
    )

for reduction, distinct in (("none", True), ("add", False)):
    for axis, data, index in ((0, "6,2", "3,1"), (1, "2,6", "1,4"), (-1, "1,1,5", "1,1,3")):
        _case(
            f"ScatterElements {reduction} {axis}",
            f"(float[{data}] x, int64[{index}] i, float[{index}] u) => (float[{data}] y)",
            "",
            f'y = ScatterElements <axis = {axis}, reduction = "{reduction}"> (x, i, u)',
            **_with_indices(5, 0, distinct),
        )
    for index, update in (("3,1", "3,4"), ("2,1", "2,4"), ("4,1", "4,4")):
        _case(
            f"ScatterND {reduction} [{index}]",
            f"(float[6,4] x, int64[{index}] i, float[{update}] u) => (float[6,4] y)",
            "",
            f'y = ScatterND <reduction = "{reduction}"> (x, i, u)',
            **_with_indices(6, 0, distinct),
        )

for axis, exclusive, reverse in ((0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 1)):
    _case(
        f"CumSum {axis} {exclusive} {reverse}",
        "(float[4,3] x) => (float[4,3] y)",
        f"<int64 a = {{{axis}}}>",
        f"y = CumSum <exclusive = {exclusive}, reverse = {reverse}> (x, a)",
    )
for upper, k in ((0, 0), (1, 1), (0, -1)):
    _case(
        f"Trilu {upper} {k}",
        "(float[2,4,3] x) => (float[2,4,3] y)",
        f"<int64 k = {{{k}}}>",
        f"y = Trilu <upper = {upper}> (x, k)",
    )
for sizes, axes in (("3,6", (0, 1)), ("5", (1,)), ("2,2", (-1, 0))):
    n = len(sizes.split(","))
    shape = [4, 5]
    for a, size in zip(axes, sizes.split(","), strict=True):
        shape[a] = int(size)
    _case(
        f"CenterCropPad {sizes}",
        f"(float[4,5] x) => (float[{shape[0]},{shape[1]}] y)",
        f"<int64[{n}] s = {{{sizes}}}>",
        f"y = CenterCropPad <axes = {list(axes)}> (x, s)",
    )
for batch, time in ((0, 1), (1, 0)):
    _case(
        f"ReverseSequence {time}",
        "(float[3,3,2] x) => (float[3,3,2] y)",
        "<int64[3] n = {1, 3, 2}>",
        f"y = ReverseSequence <batch_axis = {batch}, time_axis = {time}> (x, n)",
    )
for largest, axis, out in ((1, -1, "3,2"), (0, 0, "2,5"), (1, 0, "2,5")):
    _case(
        f"TopK {largest} {axis}",
        f"(float[3,5] x) => (float[{out}] y)",
        "<int64[1] k = {2}>",
        f"y, i = TopK <largest = {largest}, axis = {axis}> (x, k)",
    )
for kind in ("float16", "float"):
    _case(
        f"Cast {kind}",
        "(float[3,4] x) => (float[3,4] y)",
        "",
        f"a = Cast <to = {10 if kind == 'float16' else 1}> (x) y = Cast <to = 1> (a)",
        low=1,
        high=1,
    )
for blocks, mode in ((2, "DCR"), (2, "CRD"), (1, "DCR")):
    c, hw = 4 // blocks**2, 3 * blocks
    _case(
        f"DepthToSpace {mode} {blocks}",
        f"(float[1,4,3,3] x) => (float[1,{c},{hw},{hw}] y)",
        "",
        f'y = DepthToSpace <blocksize = {blocks}, mode = "{mode}"> (x)',
    )
_case(
    "SpaceToDepth",
    "(float[1,2,4,6] x) => (float[1,8,2,3] y)",
    "",
    "y = SpaceToDepth <blocksize = 2> (x)",
)
