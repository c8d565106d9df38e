"""An ONNX file, read as hostile input, to an `onnx_ir` model in the canonical opset."""

from __future__ import annotations

import logging
from pathlib import Path

import onnx
import onnx_ir as ir
from onnx import inliner, numpy_helper, version_converter

from odl.errors import ModelError, OdlError, Unsupported, printable
from odl.frontend.external_data import load_external_data, tensors
from odl.frontend.limits import check_limits
from odl.frontend.model_file import read_bytes

OPSET = onnx.defs.onnx_opset_version()
"""The canonical opset: the newest of the installed onnx."""

OLDEST_OPSET = 11

logging.getLogger("onnx_ir").addHandler(logging.NullHandler())
"""It would print names from the model, unescaped; what a user must know is an OdlError."""


def read_onnx(path: Path) -> ir.Model:
    """The model in `path`, checked and upgraded to OPSET.

    Raises:
        ModelError: the file is missing, damaged, over a limit or of an unsupported version.
    """
    where = path.name
    try:
        proto = _parse(read_bytes(path), where)
        check_limits(proto)
        load_external_data(proto, path.parent)
        onnx.checker.check_model(proto)
        _check_data(proto)
        model = ir.serde.deserialize_model(_upgrade(proto))
        ir.serde.serialize_model(model)  # a stray text that is not UTF-8 would end a later pass
        return model
    except (OdlError, MemoryError):
        raise
    except Exception as e:  # the parsers leak many types; whatever they say, the file is at fault
        raise ModelError(f"not a valid ONNX model: {_reason(e)}", where=where) from e


def read_stage(path: Path) -> onnx.ModelProto:
    """A stage in a build folder, which may have come from elsewhere: under the same caps.

    Raises:
        ModelError: the file is missing, damaged or over a limit, or its data lies elsewhere.
    """
    proto = _parse(read_bytes(path), path.name)
    check_limits(proto)
    for tensor in tensors(proto):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ModelError("external data in a build folder", where=f"tensor '{tensor.name}'")
    return proto


def _reason(e: BaseException) -> str:
    """What the innermost of the parsers' errors says, without the dump of the graph around it."""
    while e.__cause__ is not None:
        e = e.__cause__
    words = str(e).split("==> Context")[0].split()
    return printable(" ".join(words) or type(e).__name__)


def _parse(data: bytes, where: str) -> onnx.ModelProto:
    if not data:
        raise ModelError("the file is empty", where=where)
    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(data)
    except Exception as e:
        raise ModelError("not an ONNX file, or a damaged one", where=where) from e
    if not model.HasField("graph") or not model.graph.output:
        raise ModelError("the file holds no graph with outputs", where=where)
    return model


def _check_data(proto: onnx.ModelProto) -> None:
    """onnx.checker lets too much data pass, and unknown types."""
    for tensor in tensors(proto):
        try:
            numpy_helper.to_array(tensor)
        except Exception as e:
            raise ModelError(
                "its data does not fit its type and shape", where=f"tensor '{tensor.name}'"
            ) from e


def _upgrade(proto: onnx.ModelProto) -> onnx.ModelProto:
    versions = [o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")]
    version = versions[0] if versions else 0
    if len(set(versions)) > 1:
        raise ModelError(f"two opsets, {versions[0]} and {versions[1]}", where="model")
    if not OLDEST_OPSET <= version <= OPSET:
        raise Unsupported(
            f"opset {version}",
            where="model",
            advice=f"supported: {OLDEST_OPSET} to {OPSET}; export it with one of these",
        )
    if version == OPSET:
        return proto
    flat = inliner.inline_local_functions(proto) if proto.functions else proto
    for node in flat.graph.node:
        if node.domain not in ("", "ai.onnx"):  # the converter would leave all as it is, or fail
            raise Unsupported(
                "this operator is not ONNX's own",
                where=f"{node.domain}.{node.op_type} node '{node.name}'",
                advice="'odl ops' lists what is supported",
            )
    return version_converter.convert_version(flat, OPSET)
