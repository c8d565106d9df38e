"""A TFLite file, read as hostile input, to an `onnx_ir` model in the canonical opset."""

from __future__ import annotations

import difflib
import importlib.util
import math
import struct
from pathlib import Path

import onnx
import onnx_ir as ir

from odl.errors import ModelError, OdlError, Unsupported, UsageError, printable
from odl.frontend.model_file import read_bytes
from odl.frontend.onnx_file import OPSET
from odl.frontend.tflite_converters import converters
from odl.frontend.tflite_dilation import fuse_dilation
from odl.frontend.tflite_emit import Emitted
from odl.frontend.tflite_schema import TfliteGraph, read_graph
from odl.program import ELEMENTS

MAGIC = b"TFL3"


def is_tflite(path: Path) -> bool:
    """Whether bytes 4 to 8 of a plain file are those of a TFLite model."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(8)[4:] == MAGIC
    except OSError:
        return False


def read_tflite(path: Path) -> ir.Model:
    """The model in `path`: standard ONNX, quantized tensors between QuantizeLinear and its inverse.

    Raises:
        ModelError: the file is damaged, over a limit, or uses what is not supported.
        UsageError: the `tflite` package is missing.
    """
    if importlib.util.find_spec("tflite") is None:
        advice = "pip install 'odl-mcu[tflite]'"
        raise UsageError("TFLite models need the tflite package", where=path.name, advice=advice)
    data = read_bytes(path)
    try:
        model = convert(read_graph(data))
        _check_shapes(model)
        return model
    except OdlError:
        raise
    except struct.error as e:
        reason = "not a valid TFLite model: an offset leaves the file"
        raise ModelError(reason, where=path.name) from e
    except Exception as e:  # flatbuffers leaks what it meets; whatever it is, the file is at fault
        reason = printable(" ".join(str(e).split()) or type(e).__name__)
        raise ModelError(f"not a valid TFLite model: {reason}", where=path.name) from e


def convert(graph: TfliteGraph) -> ir.Model:
    """The graph in ONNX: each operator by its converter."""
    out, known = Emitted(graph), converters()
    for operator in fuse_dilation(graph):
        found = known.get(operator.name)
        if found is None:
            close = difflib.get_close_matches(operator.name, known, n=1)
            raise Unsupported(
                "this operator is not supported",
                where=f"{operator.name} operator of tensor '{_output(graph, operator.outputs)}'",
                advice=f"nearest: {close[0]}" if close else "",
            )
        found(operator, out)
    return out.model(OPSET)


def _check_shapes(model: ir.Model) -> None:
    """The file's shapes must be those that the operators make of their operands.

    Raises:
        ModelError: they are not, or a tensor between is larger than any that is read.
    """
    proto = ir.serde.serialize_model(model)
    graph = onnx.shape_inference.infer_shapes(proto, True, True, True).graph
    size = {t.name: math.prod(t.dims) for t in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        dims = [d.dim_value for d in value.type.tensor_type.shape.dim]
        size[value.name] = math.prod(dims)
        if size[value.name] > ELEMENTS:
            raise ModelError(f"more than {ELEMENTS} elements", where=f"tensor '{value.name}'")
    for node in graph.node:  # inference does not count what a Reshape has
        if node.op_type == "Reshape" and size[node.input[0]] != size[node.output[0]]:
            found = f"{size[node.input[0]]} elements for {size[node.output[0]]}"
            raise ModelError(found, where=f"tensor '{node.output[0]}'")


def _output(graph: TfliteGraph, outputs: tuple[int, ...]) -> str:
    return next((graph.tensors[i].name for i in outputs if i >= 0), "?")
