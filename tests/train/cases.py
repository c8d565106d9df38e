"""Graphs of one operator each, at which its gradient is judged."""

from __future__ import annotations

import numpy as np

from tests.train.gradients import Case, Feeds

CASES: dict[str, Case] = {}


def away_from(*kinks: float) -> dict[str, object]:
    """Inputs whose elements keep a distance from where a function has no derivative."""

    def move(feeds: Feeds) -> Feeds:
        for name, v in feeds.items():
            if v.dtype.kind == "f":
                for kink in kinks:
                    near = np.abs(v - kink) < 0.05
                    v = np.where(near, kink + np.where(v < kink, -0.05, 0.05), v)
                feeds[name] = v
        return feeds

    return {"feeds": move}


def _unary(op: str, attributes: str = "", **more: object) -> None:
    text = f"g (float[3,5] x) => (float[3,5] y) {{ y = {op} {attributes} (x) }}"
    CASES[f"{op} {attributes}".strip()] = Case(text, **more)  # type: ignore[arg-type]


for op in ("Ceil", "Floor", "Round", "Sign", "Abs", "Relu", "LeakyRelu", "Softsign", "Elu", "Selu"):
    _unary(op, **away_from(-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2))
for op in ("Exp", "Erf", "Neg", "Sigmoid", "Tanh", "Softplus", "Mish", "Gelu", "Swish"):
    _unary(op)
for op in ("Log", "Reciprocal", "Sqrt"):
    _unary(op, low=0.3)
_unary("Celu", "<alpha = 0.7>", **away_from(0))
_unary("Elu", "<alpha = 0.7>", **away_from(0))
_unary("Gelu", '<approximate = "tanh">')
_unary("HardSigmoid", low=-4, high=4, **away_from(-2.5, 2.5))
_unary("HardSwish", low=-4, high=4, **away_from(-3, 3))
_unary("LeakyRelu", "<alpha = 0.3>", **away_from(0))
_unary("Selu", "<alpha = 1.2, gamma = 0.9>", **away_from(0))
_unary("Shrink", "<lambd = 0.7, bias = 0.2>", **away_from(-0.7, 0.7))
_unary("Swish", "<alpha = 1.5>")
_unary("ThresholdedRelu", "<alpha = 0.6>", **away_from(0.6))
_unary("Softmax")
_unary("Softmax", "<axis = 0>")
_unary("LogSoftmax")
_unary("LogSoftmax", "<axis = 0>")
_unary("Identity")


def _binary(op: str, a: str, b: str, y: str, **more: object) -> None:
    text = f"g (float[{a}] a, float[{b}] b) => (float[{y}] y) {{ y = {op} (a, b) }}"
    CASES[f"{op} [{a}] [{b}]"] = Case(text, **more)  # type: ignore[arg-type]


for op in ("Add", "Sub", "Mul"):
    _binary(op, "2,3", "2,3", "2,3")
    _binary(op, "2,1,3", "4,1", "2,4,3")
_binary("Div", "2,1,3", "4,1", "2,4,3", low=0.4)
_binary("PRelu", "2,3,4", "3,1", "2,3,4", **away_from(0))
CASES["x used twice"] = Case("g (float[3] x) => (float[3] y) { e = Exp (x) y = Mul (x, e) }")
CASES["x + x"] = Case("g (float[3] x) => (float[3] y) { y = Add (x, x) }")
CASES["a - a"] = Case("g (float[3] x) => (float[3] y) { y = Sub (x, x) }")
_binary("MatMul", "2,3", "3,4", "2,4")
_binary("MatMul", "5,2,3", "3,4", "5,2,4")
_binary("MatMul", "1,2,3", "5,3,4", "5,2,4")
_binary("MatMul", "2,1,2,3", "5,3,4", "2,5,2,4")
_binary("MatMul", "3", "3,4", "4")
_binary("MatMul", "2,3", "3", "2")
_binary("MatMul", "5,2,3", "3", "5,2")
_binary("MatMul", "3", "5,3,2", "5,2")

for turn_a in (0, 1):
    for turn_b in (0, 1):
        a, b = ("4,2" if turn_a else "2,4"), ("3,4" if turn_b else "4,3")
        CASES[f"Gemm {turn_a}{turn_b}"] = Case(
            f"g (float[{a}] a, float[{b}] b, float[3] c) => (float[2,3] y) {{ y = Gemm "
            f"<alpha = 0.5, beta = 2.0, transA = {turn_a}, transB = {turn_b}> (a, b, c) }}"
        )


def _conv(x: str, w: str, y: str, attributes: str = "", bias: str = "") -> None:
    inputs = f"float[{x}] x, float[{w}] w" + (f", float[{bias}] b" if bias else "")
    names = "x, w, b" if bias else "x, w"
    CASES[f"Conv [{x}] [{w}] {attributes}".strip()] = Case(
        f"g ({inputs}) => (float[{y}] y) {{ y = Conv {attributes} ({names}) }}"
    )


_conv("2,3,5,6", "4,3,3,2", "2,4,3,5", bias="4")
_conv("1,4,7", "2,4,3", "1,2,5")
_conv("1,2,7,6", "3,2,3,3", "1,3,4,3", "<strides = [2, 2], pads = [1, 1, 1, 1]>", bias="3")
_conv("1,2,8,7", "3,2,3,2", "1,3,2,3", "<strides = [3, 3], pads = [0, 1, 0, 0]>")
_conv("2,2,6,6", "2,2,2,2", "2,2,4,5", "<dilations = [2, 1]>")
_conv("2,4,5,5", "6,2,3,3", "2,6,5,5", "<group = 2, pads = [1, 1, 1, 1]>")
_conv("1,3,6,5", "6,1,3,3", "1,6,3,3", "<group = 3, strides = [2, 2], pads = [1, 1, 1, 1]>")
_conv("2,3,6,5", "3,1,3,3", "2,3,6,5", "<group = 3, pads = [1, 1, 1, 1]>")
_conv("2,3,7", "3,1,2", "2,3,5", "<group = 3, dilations = [2]>")
_conv("1,3,3,3", "3,1,1,1", "1,3,7,7", "<group = 3, pads = [2, 2, 2, 2]>")
_conv("1,3,5,5", "2,3,1,1", "1,2,5,5")
_conv("1,2,5,5", "2,2,3,3", "1,2,3,3", '<auto_pad = "SAME_UPPER", strides = [2, 2]>')


def _hwc(x: str, w: str, y: str, attributes: str, bias: str) -> None:
    CASES[f"ConvHWC [{x}] [{w}] {attributes}"] = Case(
        f"g (float[{x}] x, float[{w}] w, float[{bias}] b) => (float[{y}] y) "
        f"{{ y = ai.odl.ConvHWC {attributes} (x, w, b) }}"
    )


PLAIN = "dilations = [1, 1], strides = [1, 1]"
_hwc("2,4,3,5", "2,5,1,1", "2,4,3,2",
     f"<{PLAIN}, group = 1, kernel_shape = [1, 1], pads = [0, 0, 0, 0]>", "2")  # fmt: skip
_hwc("2,4,3,3", "3,1,3,3", "2,4,2,3",
     f"<{PLAIN}, group = 3, kernel_shape = [3, 3], pads = [1, 0, 1, 1]>", "3")  # fmt: skip
_hwc("1,6,5,2", "2,1,3,3", "1,3,3,2",
     "<dilations = [1, 1], strides = [2, 2], group = 2, kernel_shape = [3, 3], "
     "pads = [1, 1, 1, 1]>", "2")  # fmt: skip


def _pool(op: str, x: str, y: str, attributes: str) -> None:
    CASES[f"{op} [{x}] {attributes}"] = Case(
        f"g (float[{x}] x) => (float[{y}] y) {{ y = {op} {attributes} (x) }}"
    )


for op in ("MaxPool", "AveragePool"):
    _pool(op, "2,3,8", "2,3,4", "<kernel_shape = [2], strides = [2]>")
    _pool(op, "2,2,4,9", "2,2,2,3", "<kernel_shape = [2, 3], strides = [2, 3]>")
    _pool(op, "1,2,6,7", "1,2,4,5", "<kernel_shape = [3, 3]>")
    _pool(op, "2,3,4,5", "2,3,1,1", "<kernel_shape = [4, 5]>")
    _pool(
        op, "1,2,5,5", "1,2,3,3", "<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>"
    )
    _pool(op, "1,1,5,6", "1,1,3,3", "<kernel_shape = [2, 2], strides = [2, 2], ceil_mode = 1>")
_pool(
    "AveragePool", "1,2,5,5", "1,2,3,3",
    "<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1], count_include_pad = 1>",
)  # fmt: skip
CASES["GlobalAveragePool"] = Case(
    "g (float[2,3,4,5] x) => (float[2,3,1,1] y) { y = GlobalAveragePool (x) }"
)
CASES["GlobalMaxPool"] = Case(
    "g (float[2,3,4,5] x) => (float[2,3,1,1] y) { y = GlobalMaxPool (x) }"
)
CASES["BatchNormalization"] = Case(
    "g (float[2,3,4] x, float[3] s, float[3] b) => (float[2,3,4] y) "
    "<float[3] m = {0.1, 0.2, -0.3}, float[3] v = {0.5, 1.5, 2.0}> "
    "{ y = BatchNormalization (x, s, b, m, v) }"
)

for op in ("Sum", "Mean", "Max", "Min", "L1", "L2", "SumSquare", "Prod", "LogSum", "LogSumExp"):
    low = 0.3 if op in ("LogSum", "Prod", "L1") else -2
    for axes, y, keep in (("1", "2,1,4", 1), ("0, 2", "3", 0)):
        CASES[f"Reduce{op} {axes} {keep}"] = Case(
            f"g (float[2,3,4] x) => (float[{y}] y) <int64[{axes.count(',') + 1}] a = {{{axes}}}> "
            f"{{ y = Reduce{op} <keepdims = {keep}> (x, a) }}", low=low,
        )  # fmt: skip
CASES["Where"] = Case("g (bool[2,3] c, float[2,1] a, float[3] b) => (float[2,3] y) "
                      "{ y = Where (c, a, b) }")  # fmt: skip
CASES["Reshape"] = Case(
    "g (float[2,6] x) => (float[3,4] y) <int64[2] s = {3, 4}> { y = Reshape (x, s) }"
)
CASES["Flatten"] = Case("g (float[2,3,4] x) => (float[2,12] y) { y = Flatten (x) }")
