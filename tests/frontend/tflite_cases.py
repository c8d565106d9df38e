"""Float TFLite models of one or a few operators, by name: what the converters must understand."""

from __future__ import annotations

import numpy as np

from tests.frontend.tflite_models import Spec, bias, const, ints, net, op, real, state, weights

SAME, VALID = 0, 1
NONE, RELU, RELU_N1, RELU6, TANH = range(5)

CASES: dict[str, bytes] = {}


def _conv(name: str, kind: str, x: Spec, w: Spec, out: Spec, **given: int) -> None:
    fields = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1, **given}
    options = "Conv2DOptions" if kind == "CONV_2D" else "DepthwiseConv2DOptions"
    CASES[name] = net(op(kind, [x, w, bias(out.shape[-1])], out, options, **fields))


_conv("conv same", "CONV_2D", real(2, 7, 6, 3), weights((4, 3, 3, 3)), real(2, 7, 6, 4))
_conv(
    "conv valid", "CONV_2D", real(1, 7, 6, 3), weights((4, 3, 2, 3)), real(1, 5, 5, 4),
    Padding=VALID,
)  # fmt: skip
_conv(
    "conv strides 2 and 3",
    "CONV_2D",
    real(1, 8, 9, 2),
    weights((5, 3, 5, 2)),
    real(1, 4, 3, 5),
    StrideH=2,
    StrideW=3,
    FusedActivationFunction=RELU,
)
_conv(
    "conv dilated",
    "CONV_2D",
    real(1, 9, 8, 2),
    weights((3, 3, 3, 2)),
    real(1, 9, 8, 3),
    DilationHFactor=2,
    DilationWFactor=3,
    FusedActivationFunction=RELU6,
)
_conv(
    "conv 1x1",
    "CONV_2D",
    real(1, 3, 4, 5),
    weights((6, 1, 1, 5)),
    real(1, 3, 4, 6),
    FusedActivationFunction=RELU_N1,
)
_conv("conv groups", "CONV_2D", real(1, 5, 5, 4), weights((6, 3, 3, 2)), real(1, 5, 5, 6))
_conv(
    "depthwise",
    "DEPTHWISE_CONV_2D",
    real(1, 6, 7, 3),
    weights((1, 3, 3, 3)),
    real(1, 6, 7, 3),
    DepthMultiplier=1,
)
_conv(
    "depthwise multiplier",
    "DEPTHWISE_CONV_2D",
    real(1, 6, 6, 3),
    weights((1, 4, 2, 6)),
    real(1, 3, 3, 6),
    StrideH=2,
    StrideW=2,
    DepthMultiplier=2,
    FusedActivationFunction=RELU,
)

for name, padding, x, out, stride in (
    ("same", SAME, (1, 3, 4, 2), (1, 6, 8, 3), 2), ("valid", VALID, (1, 3, 4, 2), (1, 7, 9, 3), 2),
    ("odd same", SAME, (1, 3, 3, 2), (1, 5, 5, 3), 2),
    ("wide", SAME, (1, 2, 2, 2), (1, 8, 8, 3), 4),
):  # fmt: skip
    CASES[f"transposed conv {name}"] = net(
        op("TRANSPOSE_CONV", [ints(*out), weights((3, 3, 3, 2)), real(*x), bias(3)], real(*out),
           "TransposeConvOptions", Padding=padding, StrideH=stride, StrideW=stride)
    )  # fmt: skip

for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
    for name, padding, out in (("same", SAME, (1, 4, 3, 3)), ("valid", VALID, (1, 3, 2, 3))):
        CASES[f"{kind} {name}"] = net(
            op(kind, [real(1, 7, 6, 3)], real(*out), "Pool2DOptions", Padding=padding, StrideH=2,
               StrideW=2, FilterHeight=3, FilterWidth=3, FusedActivationFunction=RELU)
        )  # fmt: skip

for name, x, out, keep in (
    ("rows", (3, 5), (3, 4), False), ("flattens", (2, 3, 5), (6, 4), False),
    ("keeps", (2, 3, 5), (2, 3, 4), True), ("joins", (1, 1, 5, 1), (1, 4), False),
):  # fmt: skip
    CASES[f"fully connected {name}"] = net(
        op("FULLY_CONNECTED", [real(*x), weights((4, 5)), bias(4)], real(*out),
           "FullyConnectedOptions", KeepNumDims=keep, FusedActivationFunction=RELU6 * keep)
    )  # fmt: skip
CASES["fully connected, no bias"] = net(
    op("FULLY_CONNECTED", [real(3, 5), weights((4, 5)), None], real(3, 4), "FullyConnectedOptions")
)
CASES["batch matmul"] = net(
    op("BATCH_MATMUL", [real(2, 3, 4), real(2, 4, 5)], real(2, 3, 5), "BatchMatMulOptions")
)
CASES["batch matmul adjoint"] = net(
    op("BATCH_MATMUL", [real(2, 4, 3), real(2, 5, 4)], real(2, 3, 5), "BatchMatMulOptions",
       AdjX=True, AdjY=True)
)  # fmt: skip

for kind, options in (("ADD", "AddOptions"), ("SUB", "SubOptions"), ("MUL", "MulOptions"),
                      ("DIV", "DivOptions")):  # fmt: skip
    for act in (NONE, RELU):
        CASES[f"{kind} {act}"] = net(
            op(kind, [real(2, 3, 4), real(3, 1)], real(2, 3, 4), options,
               FusedActivationFunction=act)
        )  # fmt: skip
CASES["ADD int32"] = net(
    op("ADD", [Spec((4,), "int32"), ints(1, -2, 3, 4)], Spec((4,), "int32"), "AddOptions")
)
for kind in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"):
    CASES[kind] = net(op(kind, [real(2, 3, 4), real(4)], real(2, 3, 4)))
CASES["FLOOR_DIV"] = net(op("FLOOR_DIV", [real(3, 4), const([[0.3], [0.7], [-0.4]])], real(3, 4)))
CASES["POW"] = net(op("POW", [real(2, 3), const([2.0, 1.0, 3.0])], real(2, 3)))
CASES["ADD_N"] = net(op("ADD_N", [real(2, 3), real(2, 3), real(2, 3)], real(2, 3)))
for kind in ("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LOGISTIC", "LOG_SOFTMAX",
             "NEG", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "ROUND", "SIGN", "SIN",
             "SQUARE", "TANH", "ZEROS_LIKE"):  # fmt: skip
    CASES[kind] = net(op(kind, [real(2, 3, 5)], real(2, 3, 5)))
for kind in ("LOG", "SQRT", "RSQRT"):
    x, positive = real(2, 3, 5), real(2, 3, 5)
    CASES[kind] = net(op("EXP", [x], positive), op(kind, [positive], real(2, 3, 5)))
CASES["LEAKY_RELU"] = net(op("LEAKY_RELU", [real(2, 5)], real(2, 5), "LeakyReluOptions", Alpha=0.3))
CASES["GELU"] = net(op("GELU", [real(2, 5)], real(2, 5), "GeluOptions", Approximate=False))
CASES["PRELU"] = net(op("PRELU", [real(1, 3, 4, 5), weights((1, 1, 5))], real(1, 3, 4, 5)))
for beta in (1.0, 0.4):
    CASES[f"softmax {beta}"] = net(
        op("SOFTMAX", [real(2, 3, 6)], real(2, 3, 6), "SoftmaxOptions", Beta=beta)
    )

FLAGS = Spec((2, 3), "bool")
for kind in ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"):
    x, near = real(2, 3), real(2, 3)
    CASES[kind] = net(op("ROUND", [x], near), op(kind, [near, const([0, 1, -1])], FLAGS))
for kind in ("LOGICAL_AND", "LOGICAL_OR"):
    CASES[kind] = net(op(kind, [Spec((2, 3), "bool"), Spec((2, 3), "bool")], FLAGS))
CASES["LOGICAL_NOT"] = net(op("LOGICAL_NOT", [Spec((2, 3), "bool")], FLAGS))
CASES["SELECT rows"] = net(
    op("SELECT", [Spec((3,), "bool"), real(3, 4), real(3, 4)], real(3, 4), "SelectOptions")
)
CASES["SELECT_V2"] = net(
    op("SELECT_V2", [Spec((3, 1), "bool"), real(3, 4), const(0.5)], real(3, 4), "SelectV2Options")
)
CASES["CAST"] = net(op("CAST", [real(2, 3)], Spec((2, 3), "int32"), "CastOptions"))

for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"):
    for keep in (False, True):
        out = real(2, 1, 1, 3) if keep else real(2, 3)
        CASES[f"{kind} {keep}"] = net(
            op(kind, [real(2, 4, 5, 3), ints(1, -2)], out, "ReducerOptions", KeepDims=keep)
        )
for kind, options in (("ARG_MAX", "ArgMaxOptions"), ("ARG_MIN", "ArgMinOptions")):
    CASES[kind] = net(
        op(kind, [real(2, 5, 3), ints(-2)], Spec((2, 3), "int32"), options, OutputType=2)
    )

CASES["RESHAPE"] = net(op("RESHAPE", [real(2, 3, 4), ints(4, -1)], real(4, 6), "ReshapeOptions"))
CASES["SQUEEZE"] = net(op("SQUEEZE", [real(1, 3, 1, 4)], real(3, 4), "SqueezeOptions"))
CASES["EXPAND_DIMS"] = net(op("EXPAND_DIMS", [real(3, 4), ints(-1)], real(3, 4, 1)))
CASES["TRANSPOSE"] = net(op("TRANSPOSE", [real(2, 3, 4), ints(2, 0, 1)], real(4, 2, 3)))
CASES["CONCATENATION"] = net(
    op("CONCATENATION", [real(2, 3), real(2, 2), const([[1.0], [2.0]])], real(2, 6),
       "ConcatenationOptions", Axis=-1)
)  # fmt: skip
CASES["PACK"] = net(
    op("PACK", [real(2, 3), real(2, 3)], real(2, 2, 3), "PackOptions", Axis=1, ValuesCount=2)
)
CASES["UNPACK"] = net(
    op("UNPACK", [real(2, 3, 4)], [real(2, 4) for _ in range(3)], "UnpackOptions", Num=3, Axis=1)
)
CASES["UNPACK one"] = net(op("UNPACK", [real(2, 1)], [real(2)], "UnpackOptions", Num=1, Axis=1))
CASES["SPLIT"] = net(
    op("SPLIT", [const(1, "int32"), real(2, 6)], [real(2, 3), real(2, 3)], "SplitOptions",
       NumSplits=2)
)  # fmt: skip
CASES["SPLIT_V"] = net(
    op("SPLIT_V", [real(2, 6), ints(1, 5), const(-1, "int32")], [real(2, 1), real(2, 5)],
       "SplitVOptions", NumSplits=2)
)  # fmt: skip
CASES["SLICE"] = net(op("SLICE", [real(3, 4, 5), ints(1, 0, 2), ints(2, -1, 2)], real(2, 4, 2)))
CASES["STRIDED_SLICE"] = net(
    op("STRIDED_SLICE", [real(4, 5, 6), ints(1, 4, 0), ints(0, 0, 5), ints(2, -2, 3)],
       real(2, 3, 2), "StridedSliceOptions", BeginMask=2, EndMask=3)
)  # fmt: skip
CASES["STRIDED_SLICE shrink"] = net(
    op("STRIDED_SLICE", [real(4, 5, 6), ints(-1, 1), ints(0, 3), ints(1, 1)], real(2, 6),
       "StridedSliceOptions", ShrinkAxisMask=1)
)  # fmt: skip
CASES["GATHER"] = net(
    op("GATHER", [real(3, 4), ints(2, 0, 2)], real(3, 3), "GatherOptions", Axis=1)
)
CASES["TILE"] = net(op("TILE", [real(2, 3), ints(2, 3)], real(4, 9)))
CASES["PAD"] = net(op("PAD", [real(2, 3), const([[1, 0], [2, 3]], "int32")], real(3, 8)))
CASES["PADV2"] = net(
    op("PADV2", [real(2, 3), const([[1, 0], [2, 3]], "int32"), const(-1.5)], real(3, 8))
)
CASES["MIRROR_PAD"] = net(
    op("MIRROR_PAD", [real(2, 3), const([[1, 0], [2, 1]], "int32")], real(3, 6), "MirrorPadOptions",
       Mode=0)
)  # fmt: skip
CASES["BROADCAST_TO"] = net(op("BROADCAST_TO", [real(3, 1), ints(2, 3, 4)], real(2, 3, 4)))
CASES["FILL"] = net(op("FILL", [ints(2, 3), real()], real(2, 3)))
x, shape = real(2, 3, 4), Spec((3,), "int32")
CASES["SHAPE"] = net(op("SHAPE", [x], shape, "ShapeOptions", OutType=2),
                     op("ABS", [x], real(2, 3, 4)))  # fmt: skip
x, shape, batch, new = real(2, 3, 4), Spec((3,), "int32"), Spec((), "int32"), Spec((2,), "int32")
CASES["a shape that is computed"] = net(
    op("SHAPE", [x], shape, "ShapeOptions", OutType=2),
    op("STRIDED_SLICE", [shape, ints(0), ints(1), ints(1)], batch, "StridedSliceOptions",
       ShrinkAxisMask=1),
    op("PACK", [batch, const(12, "int32")], new, "PackOptions", ValuesCount=2),
    op("RESHAPE", [x, new], real(2, 12)),
)  # fmt: skip

CASES["SPACE_TO_DEPTH"] = net(
    op("SPACE_TO_DEPTH", [real(1, 4, 6, 3)], real(1, 2, 3, 12), "SpaceToDepthOptions", BlockSize=2)
)
CASES["DEPTH_TO_SPACE"] = net(
    op("DEPTH_TO_SPACE", [real(1, 2, 3, 12)], real(1, 4, 6, 3), "DepthToSpaceOptions", BlockSize=2)
)
CASES["SPACE_TO_BATCH_ND"] = net(
    op("SPACE_TO_BATCH_ND", [real(2, 3, 4, 3), ints(2, 3), const([[1, 0], [0, 2]], "int32")],
       real(12, 2, 2, 3))
)  # fmt: skip
CASES["BATCH_TO_SPACE_ND"] = net(
    op("BATCH_TO_SPACE_ND", [real(12, 2, 2, 3), ints(2, 3), const([[1, 0], [0, 2]], "int32")],
       real(2, 3, 4, 3))
)  # fmt: skip
for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
    options = "ResizeBilinearOptions" if "BILINEAR" in kind else "ResizeNearestNeighborOptions"
    for align, half in ((0, 0), (1, 0), (0, 1)):
        for name, (h, w) in {"up": (7, 9), "down": (2, 3)}.items():
            CASES[f"{kind} {name} {align}{half}"] = net(
                op(kind, [real(1, 4, 5, 2), ints(h, w)], real(1, h, w, 2), options,
                   AlignCorners=bool(align), HalfPixelCenters=bool(half))
            )  # fmt: skip


def _dilated(kind: str, w: Spec, pads: list[list[int]], crops: list[list[int]], out: Spec) -> bytes:
    """The three operators that exporters make of a convolution with dilation 2."""
    options = "Conv2DOptions" if kind == "CONV_2D" else "DepthwiseConv2DOptions"
    x, small, y = real(1, 8, 9, 2), real(4, 6, 6, 2), real(4, 4, 4, out.shape[-1])
    small.shape = (4, (8 + sum(pads[0])) // 2, (9 + sum(pads[1])) // 2, 2)
    y.shape = (4, small.shape[1] - 2, small.shape[2] - 2, out.shape[-1])
    return net(
        op("SPACE_TO_BATCH_ND", [x, ints(2, 2), const(pads, "int32")], small),
        op(kind, [small, w, bias(out.shape[-1])], y, options, Padding=VALID, StrideH=1, StrideW=1,
           FusedActivationFunction=RELU, DilationHFactor=1, DilationWFactor=1),
        op("BATCH_TO_SPACE_ND", [y, ints(2, 2), const(crops, "int32")], out),
    )  # fmt: skip


CASES["dilated as a triple, same"] = _dilated(
    "CONV_2D", weights((3, 3, 3, 2)), [[2, 2], [2, 3]], [[0, 0], [0, 1]], real(1, 8, 9, 3)
)
CASES["dilated as a triple, valid"] = _dilated(
    "DEPTHWISE_CONV_2D", weights((1, 3, 3, 2)), [[0, 0], [0, 1]], [[0, 0], [0, 1]],
    real(1, 4, 5, 2),
)  # fmt: skip


def _lstm(
    steps: int, major: bool, coupled: bool = False, peephole: bool = False, clip: float = 10.0
) -> bytes:
    batch, features, hidden = 2, 3, 4
    x = real(steps, batch, features) if major else real(batch, steps, features)
    out = real(*x.shape[:2], hidden)
    gates = [
        None if coupled and i == 0 else weights(shape, seed=i + 4 * j)
        for j, shape in enumerate(((hidden, features), (hidden, hidden), (hidden,)))
        for i in range(4)
    ]
    holes = [weights((hidden,), seed=20 + i) if peephole else None for i in range(3)]
    holes[0] = None if coupled else holes[0]
    operands = [x, *gates[:8], *holes, *gates[8:], None, None, state(batch, hidden),
                state(batch, hidden), *[None] * 4]  # fmt: skip
    return net(
        op("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, out, "UnidirectionalSequenceLSTMOptions",
           FusedActivationFunction=TANH, CellClip=clip, TimeMajor=major)
    )  # fmt: skip


CASES["LSTM batch major"] = _lstm(5, False)
CASES["LSTM time major"] = _lstm(5, True)
CASES["LSTM coupled gates"] = _lstm(4, False, coupled=True)
CASES["LSTM peepholes"] = _lstm(4, True, peephole=True)
CASES["LSTM coupled gates and peepholes"] = _lstm(4, True, coupled=True, peephole=True)
CASES["LSTM with a clip that binds"] = _lstm(9, True, clip=0.3)
CASES["LSTM, clipped late, coupled gates"] = _lstm(5, False, coupled=True, clip=2.5)
for rank, act in ((1, TANH), (2, RELU)):
    CASES[f"SVDF rank {rank}"] = net(
        op("SVDF", [real(2, 3), weights((8, 3)), weights((8, 5)), bias(8 // rank), state(2, 40)],
           real(2, 8 // rank), "SVDFOptions", Rank=rank, FusedActivationFunction=act)
    )  # fmt: skip

half = const(np.random.default_rng(5).normal(0, 0.5, (4, 3, 3, 3)), "float16")
full = real(4, 3, 3, 3)
CASES["float16 weights"] = net(
    op("DEQUANTIZE", [half], full),
    op("CONV_2D", [real(1, 5, 5, 3), full, bias(4)], real(1, 5, 5, 4), "Conv2DOptions", StrideH=1,
       StrideW=1, DilationHFactor=1, DilationWFactor=1),
)  # fmt: skip
