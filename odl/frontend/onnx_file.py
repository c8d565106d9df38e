"""An ONNX file, read as hostile input, to an `onnx_ir` model in the canonical opset."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx_ir as ir
from onnx import version_converter

from odl.errors import ModelError, OdlError, Unsupported, printable
from odl.frontend.external_data import load_external_data
from odl.frontend.limits import FILE_BYTES, check_limits

OPSET = onnx.defs.onnx_opset_version()
"""The canonical opset: the newest of the installed onnx."""

OLDEST_OPSET = 11


def read_onnx(path: Path) -> ir.Model:
    """The model in `path`, checked and upgraded to OPSET.

    Raises:
        ModelError: the file is missing, damaged, over a limit or of an unsupported version.
    """
    where = path.name
    try:
        proto = _parse(_bytes(path), where)
        check_limits(proto)
        load_external_data(proto, path.parent)
        onnx.checker.check_model(proto)
        return ir.serde.deserialize_model(_upgrade(proto))
    except OdlError:
        raise
    except Exception as e:  # the parsers leak many types; whatever they say, the file is at fault
        lines = [line.strip() for line in str(e).splitlines() if line.strip()]
        reason = printable(lines[0] if lines else type(e).__name__)
        raise ModelError(f"not a valid ONNX model: {reason}", where=where) from e


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ModelError("not a file", where=str(path))
        if size > FILE_BYTES:
            raise ModelError(f"{size} bytes; at most {FILE_BYTES} are read", where=str(path))
        return path.read_bytes()
    except OSError as e:
        raise ModelError(f"cannot be read: {e.strerror}", where=str(path)) from e


def _parse(data: bytes, where: str) -> onnx.ModelProto:
    if not data:
        raise ModelError("the file is empty", where=where)
    if data[4:8] == b"TFL3":
        raise Unsupported("this is a TFLite model", where=where, advice="convert it with tf2onnx")
    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(data)
    except Exception as e:
        raise ModelError("not an ONNX file, or a damaged one", where=where) from e
    if not model.HasField("graph") or not model.graph.output:
        raise ModelError("the file holds no graph with outputs", where=where)
    return model


def _upgrade(proto: onnx.ModelProto) -> onnx.ModelProto:
    foreign = [o.domain for o in proto.opset_import if o.domain not in ("", "ai.onnx")]
    versions = [o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")]
    version = versions[0] if versions else 0
    if not OLDEST_OPSET <= version <= OPSET:
        raise Unsupported(
            f"opset {version}",
            where="model",
            advice=f"supported: {OLDEST_OPSET} to {OPSET}; export it with one of these",
        )
    used = {n.domain for n in proto.graph.node if n.domain not in ("", "ai.onnx")}
    if version == OPSET or (used and foreign):
        return proto
    return version_converter.convert_version(proto, OPSET)
