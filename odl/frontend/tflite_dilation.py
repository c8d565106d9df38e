"""SPACE_TO_BATCH_ND, a convolution and BATCH_TO_SPACE_ND are one dilated convolution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from odl.frontend.tflite_schema import TfliteGraph, TfliteOperator

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_VALID = 1


def fuse_dilation(graph: TfliteGraph) -> Iterable[TfliteOperator]:
    """The graph's operators, each such triple as one.

    The exporters write dilation so: block [d, d] cuts x into d * d images, which the convolution
    sees without dilation.
    """
    uses = Counter(i for o in graph.operators for i in o.inputs)
    uses.update(graph.outputs)
    made = {i: o for o in graph.operators for i in o.outputs}
    fused: dict[int, TfliteOperator] = {}
    gone: set[int] = set()
    for last in graph.operators:
        triple = _triple(last, made, uses)
        whole = triple and _dilated(graph, *triple)
        if triple and whole:
            fused[id(last)] = whole
            gone.update(id(o) for o in triple[:2])
    return [fused.get(id(o), o) for o in graph.operators if id(o) not in gone]


def _triple(
    last: TfliteOperator, made: dict[int, TfliteOperator], uses: Counter[int]
) -> tuple[TfliteOperator, TfliteOperator, TfliteOperator] | None:
    """The three operators that end in `last`, if nobody else reads what is between them."""
    if last.name != "BATCH_TO_SPACE_ND" or len(last.inputs) != 3:
        return None
    conv = made.get(last.inputs[0])
    if conv is None or conv.name not in _CONVOLUTIONS or len(conv.inputs) < 2:
        return None
    first = made.get(conv.inputs[0])
    if first is None or first.name != "SPACE_TO_BATCH_ND" or len(first.inputs) != 3:
        return None
    alone = all(len(o.outputs) == 1 and uses[o.outputs[0]] == 1 for o in (first, conv))
    return (first, conv, last) if alone else None


def _dilated(
    graph: TfliteGraph, first: TfliteOperator, conv: TfliteOperator, last: TfliteOperator
) -> TfliteOperator | None:
    """The convolution from `first`'s input to `last`'s output."""
    tensors, options = graph.tensors, conv.options
    x, w, y = tensors[first.inputs[0]], tensors[conv.inputs[1]], tensors[last.outputs[0]]
    block, pads, after, crops = (tensors[o.inputs[i]].data for o in (first, last) for i in (1, 2))
    if block is None or pads is None or after is None or crops is None or options is None:
        return None
    if any(len(t.shape) != 4 for t in (x, w, y)) or not (block.size == after.size == 2):
        return None
    plain = options.Padding() == _VALID and options.StrideH() == options.StrideW() == 1
    plain = plain and options.DilationHFactor() == options.DilationWFactor() == 1
    if not plain or block.tolist() != after.tolist() or min(block.tolist()) < 1:
        return None
    if pads.size != 4 or crops.size != 4 or crops.reshape(2, 2)[:, 0].any():
        return None
    d = [int(v) for v in block]
    begins = [int(v) for v in pads.reshape(2, 2)[:, 0]]
    ends = [
        y.shape[i + 1] + (w.shape[i + 1] - 1) * d[i] - x.shape[i + 1] - begins[i] for i in (0, 1)
    ]
    if min(begins + ends) < 0:
        return None
    given = {"DilationHFactor": d[0], "DilationWFactor": d[1], "pads": begins + ends}
    inputs = (first.inputs[0], *conv.inputs[1:])
    return replace(conv, inputs=inputs, outputs=last.outputs, given=given)
