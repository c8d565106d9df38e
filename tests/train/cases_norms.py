"""Graphs of norms, powers, extrema, transposed convolutions and resizing, for the same judges."""

from __future__ import annotations

from tests.train.cases import away_from
from tests.train.gradients import Case

CASES: dict[str, Case] = {}


def _case(name: str, ports: str, weights: str, body: str, **more: object) -> None:
    CASES[name] = Case(f"g {ports} {weights} {{ {body} }}", **more)  # type: ignore[arg-type]


for op in ("LayerNormalization", "RMSNormalization"):
    for shape, axis, row in (("3,5", -1, "5"), ("2,3,4", 1, "3,4"), ("2,2,6", -1, "1,6")):
        ports = f"float[{shape}] x, float[{row}] s"
        if op == "LayerNormalization":
            _case(
                f"{op} {shape} {axis} bias",
                f"({ports}, float[{row}] b) => (float[{shape}] y)",
                "",
                f"y = {op} <axis = {axis}> (x, s, b)",
            )
        _case(
            f"{op} {shape} {axis}",
            f"({ports}) => (float[{shape}] y)",
            "",
            f"y = {op} <axis = {axis}> (x, s)",
        )
for shape in ("2,3,4", "1,2,3,3", "2,1,5"):
    c = shape.split(",")[1]
    ports = f"(float[{shape}] x, float[{c}] s, float[{c}] b) => (float[{shape}] y)"
    _case(f"InstanceNormalization {shape}", ports, "", "y = InstanceNormalization (x, s, b)")
for shape, groups in (("2,4,3", 2), ("1,6,2,2", 3), ("2,4,3", 1)):
    c = shape.split(",")[1]
    ports = f"(float[{shape}] x, float[{c}] s, float[{c}] b) => (float[{shape}] y)"
    _case(
        f"GroupNormalization {shape} {groups}",
        ports,
        "",
        f"y = GroupNormalization <num_groups = {groups}> (x, s, b)",
    )
_case(
    "LpNormalization 1",
    "(float[3,4] x) => (float[3,4] y)",
    "",
    "y = LpNormalization <p = 1> (x)",
    **away_from(0),
)
_case("LpNormalization 2", "(float[3,4] x) => (float[3,4] y)", "", "y = LpNormalization (x)")
_case(
    "BatchNormalization",
    "(float[2,3,4] x) => (float[2,3,4] y)",
    "<float[3] s = {1,2,3}, float[3] b = {0,1,2}, float[3] m = {1,0,1}, float[3] v = {1,2,4}>",
    "y = BatchNormalization (x, s, b, m, v)",
)

_case("Pow", "(float[3,4] x, float[3,4] e) => (float[3,4] y)", "", "y = Pow (x, e)", low=0.3)
_case(
    "Pow broadcast", "(float[2,3] x, float[3] e) => (float[2,3] y)", "", "y = Pow (x, e)", low=0.3
)
for exponent, low in (
    ("2", -2.0),
    ("0.5", 0.3),
    ("-1", 0.3),
    ("3", -2.0),
    ("1.7", 0.3),
    ("0", -2.0),
):
    _case(
        f"Pow {exponent}",
        "(float[3,4] x) => (float[3,4] y)",
        f"<float e = {{{exponent}}}>",
        "y = Pow (x, e)",
        low=low,
    )

for op in ("Max", "Min", "Sum", "Mean"):
    _case(op, "(float[3,4] x, float[3,4] z) => (float[3,4] y)", "", f"y = {op} (x, z)")
    _case(
        f"{op} broadcast",
        "(float[3,4] x, float[4] z, float[3,1] w) => (float[3,4] y)",
        "",
        f"y = {op} (x, z, w)",
    )
    _case(f"{op} of one", "(float[3,4] x) => (float[3,4] y)", "", f"y = {op} (x)")

for shape, kernel, out, attributes in (
    ("1,2,4", "2,3,3", "1,3,6", ""),
    ("2,2,3", "2,3,3", "2,3,7", "strides = [2]"),
    ("1,2,3", "2,3,3", "1,3,8", "strides = [2], output_padding = [1]"),
    ("1,2,5", "2,3,3", "1,3,8", "strides = [2], pads = [1, 2]"),
    ("1,2,3,3", "2,2,2,3", "1,2,4,5", ""),
    ("1,4,3,3", "4,1,3,3", "1,2,5,5", "group = 2"),
    ("1,2,3,3", "2,1,2,2", "1,2,6,6", "group = 2, strides = [2, 2]"),
    ("1,2,3,3", "2,3,2,2", "1,3,5,6", "dilations = [2, 3]"),
    ("1,2,3,3", "2,2,3,3", "1,2,6,6", 'auto_pad = "SAME_UPPER", strides = [2, 2]'),
):
    c = out.split(",")[1]
    ports = f"(float[{shape}] x, float[{kernel}] w, float[{c}] b) => (float[{out}] y)"
    _case(
        f"ConvTranspose {shape} {kernel} {attributes}".strip(),
        ports,
        "",
        f"y = ConvTranspose <{attributes}> (x, w, b)".replace("<> ", ""),
    )

for mode, shape, out, attributes in (
    ("nearest", "1,1,3,4", "1,1,6,8", ""),
    (
        "nearest",
        "1,2,5",
        "1,2,3",
        'coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"',
    ),
    ("linear", "1,1,3,4", "1,1,6,8", ""),
    ("linear", "1,2,5", "1,2,3", 'coordinate_transformation_mode = "align_corners"'),
    ("linear", "1,1,4,4", "1,1,3,4", "antialias = 1"),
    ("cubic", "1,1,4,4", "1,1,7,4", ""),
):
    dims = len(out.split(","))
    attributes = ", ".join(filter(None, [f'mode = "{mode}"', attributes]))
    _case(
        f"Resize {out} {attributes}",
        f"(float[{shape}] x) => (float[{out}] y)",
        f"<int64[{dims}] s = {{{out}}}>",
        f"y = Resize <{attributes}> (x, , , s)",
    )

for equation, a, b, out in (
    ("ij,jk->ik", "3,4", "4,2", "3,2"),
    ("bij,bkj->bik", "2,3,4", "2,5,4", "2,3,5"),
    ("ij,j->i", "3,4", "4", "3"),
    ("ii,ij->j", "3,3", "3,2", "2"),
):
    _case(
        f"Einsum {equation}",
        f"(float[{a}] x, float[{b}] z) => (float[{out}] y)",
        "",
        f'y = Einsum <equation = "{equation}"> (x, z)',
    )

_case(
    "ReduceLogSumExp",
    "(float[3,4] x) => (float[3] y)",
    "<int64[1] a = {1}>",
    "y = ReduceLogSumExp <keepdims = 0> (x, a)",
)
_case(
    "Attention",
    "(float[1,2,4,3] q, float[1,2,5,3] k, float[1,2,5,2] v) => (float[1,2,4,2] y)",
    "",
    "y = Attention (q, k, v)",
)
_case(
    "Attention causal",
    "(float[1,4,6] q, float[1,4,6] k, float[1,4,6] v) => (float[1,4,6] y)",
    "",
    "y = Attention <q_num_heads = 2, kv_num_heads = 2, is_causal = 1> (q, k, v)",
)
_case(
    "RotaryEmbedding",
    "(float[1,2,3,4] x) => (float[1,2,3,4] y)",
    "<float[5,2] c = {1,2,3,4,5,6,7,8,9,9}, float[5,2] s = {1,0,1,0,2,0,2,1,2,1},"
    " int64[1,3] p = {0,2,4}>",
    "y = RotaryEmbedding (x, c, s, p)",
)
