"""Ways to damage a file: as bytes, as protobuf of any schema, and as an ONNX model."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, TensorProto

from odl.ops import foreigners, registry

Rng = np.random.Generator
Mutation = Callable[[Rng, bytes, bytes], bytes]
"""Of one file, with another one to take parts from."""

NUMBERS = [0, 1, 2, 3, 7, 127, 128, 255, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 32, (1 << 62) + 1,
           (1 << 63) - 1, 1 << 63, (1 << 64) - 1]  # fmt: skip
SIGNED = [n - (1 << 64) if n >= 1 << 63 else n for n in NUMBERS] + [-2, -3, -128]
FLOATS = [0.0, -0.0, 1e-45, -1.0, 3e38, float("inf"), float("-inf"), float("nan")]
TEXTS = ["", "x", "y", "\n#include <x>", "*/", "??/", "\x1b[2J", "\u202e", "a\0b", "%n", "n" * 5000,
         "../../x", "ai.odl", "int", "NOTSET", "SAME_LOWER"]  # fmt: skip


def pick(rng: Rng, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


# --- bytes, of any format ---


def flip_bits(rng: Rng, data: bytes, other: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        out[int(rng.integers(len(out)))] ^= 1 << int(rng.integers(8))
    return bytes(out)


def overwrite(rng: Rng, data: bytes, other: bytes) -> bytes:
    at, size = int(rng.integers(len(data))), int(rng.integers(1, 33))
    run = bytes([pick(rng, [0, 0x7F, 0x80, 0xFF])]) * size
    return data[:at] + pick(rng, [run, rng.bytes(size)]) + data[at + size :]


def truncate(rng: Rng, data: bytes, other: bytes) -> bytes:
    return data[: int(rng.integers(len(data)))]


def splice(rng: Rng, data: bytes, other: bytes) -> bytes:
    return data[: int(rng.integers(len(data)))] + other[int(rng.integers(len(other))) :]


def repeat(rng: Rng, data: bytes, other: bytes) -> bytes:
    at, size = int(rng.integers(len(data))), int(rng.integers(1, 200))
    return data[:at] + data[at : at + size] * int(rng.integers(2, 20)) + data[at + size :]


BYTES: list[Mutation] = [flip_bits, overwrite, truncate, splice, repeat]


# --- flatbuffers, of any schema: every offset, length and small number is a word ---


def change_word(rng: Rng, data: bytes, other: bytes) -> bytes:
    """To a number on an edge, to another word of the file, or by a little."""
    words = np.frombuffer(data[: len(data) & ~3], "<u4").copy()
    if not words.size:
        return data
    at = int(rng.integers(words.size))
    words[at] = pick(
        rng, [NUMBERS[int(rng.integers(len(NUMBERS)))] % (1 << 32), int(pick(rng, words)),
              (int(words[at]) + int(rng.integers(-8, 9))) % (1 << 32)]
    )  # fmt: skip
    return words.tobytes() + data[len(data) & ~3 :]


WORDS: list[Mutation] = [change_word]


# --- protobuf, of any schema: the lengths around a change stay right ---

Field = list[Any]
"""Its number, its wire type, and its value: an int, bytes, or the Fields inside."""


def fields(data: bytes) -> list[Field] | None:
    """The message, as deep as it looks like one; None where it does not."""
    found, at = [], 0
    while at < len(data):
        tag = _varint(data, at)
        if tag is None or not tag[0] >> 3:
            return None
        number, wire, at = tag[0] >> 3, tag[0] & 7, tag[1]
        value: Any
        if wire == 0:
            read = _varint(data, at)
            if read is None:
                return None
            value, at = read
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = data[at : at + size], at + size
        elif wire == 2:
            length = _varint(data, at)
            if length is None:
                return None
            value, at = data[length[1] : sum(length)], sum(length)
            value = (fields(value) if len(value) < 4096 else None) or value
        else:
            return None
        if at > len(data):
            return None
        found.append([number, wire, value])
    return found


def _varint(data: bytes, at: int) -> tuple[int, int] | None:
    """The number, and where it ends."""
    value = 0
    for i in range(10):
        if at + i >= len(data):
            return None
        value |= (data[at + i] & 127) << 7 * i
        if data[at + i] < 128:
            return value, at + i + 1
    return None


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def message(found: list[Field]) -> bytes:
    """The inverse of `fields`, for wrong wire types as well."""
    out = []
    for number, wire, value in found:
        if isinstance(value, list):
            value = message(value)
        body = varint(value) if isinstance(value, int) else value
        if wire == 2:
            body = varint(len(body)) + body
        out.append(varint(number << 3 | wire) + body)
    return b"".join(out)


def _places(found: list[Field]) -> Iterator[tuple[list[Field], int]]:
    for i, field in enumerate(found):
        yield found, i
        if isinstance(field[2], list):
            yield from _places(field[2])


def rewire_protobuf(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Some fields get another number, type, value or place, or a length that is not theirs."""
    found = fields(data) or []
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(found))
        if not places:
            break
        inside, i = pick(rng, places)
        field = inside[i]
        kind = int(rng.integers(7))
        if kind == 0:
            field[0] = int(rng.integers(1, 30))
        elif kind == 1:
            field[1] = int(rng.integers(8))
        elif kind == 2:
            del inside[i]
        elif kind == 3:
            inside.insert(i, [*field])
        elif kind == 4:
            there, j = pick(rng, places)
            inside[i] = [*there[j]] if not isinstance(there[j][2], list) else field
        elif isinstance(field[2], int):
            field[2] = pick(rng, NUMBERS)
        elif isinstance(field[2], bytes):
            field[2] = rng.bytes(int(rng.integers(12))) if kind == 5 else field[2][:-1]
        else:  # a length that is too short or too long
            body = message(field[2])
            length = varint(max(0, len(body) + int(rng.integers(-3, 4))))
            inside[i] = [field[0], 2, body]
            inside.insert(i + 1, [pick(rng, [1, 5, 7]), 5, length])
    return message(found)


PROTOBUF: list[Mutation] = [rewire_protobuf]


# --- ONNX: sound protobuf, another graph ---


@functools.cache
def _names() -> list[str]:
    """Of all operators that ONNX has."""
    return sorted({s.name for s in onnx.defs.get_all_schemas()})


@functools.cache
def _supported() -> list[str]:
    """Of those that odl compiles, by a kernel or by others."""
    return sorted(name for name in {*registry(), *foreigners()} if "." not in name)


def _all_values(graph: onnx.GraphProto) -> list[str]:
    """Those that are text; a mutation before may have left others."""
    values = [v for n in graph.node for v in (*n.input, *n.output)]
    names = {v for v in (*values, *(t.name for t in graph.initializer)) if isinstance(v, str)}
    return sorted(names) or ["x"]


def _operator(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    node.op_type = pick(rng, pick(rng, [_names(), _supported()]))


def _edge(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    if node.input:
        node.input[int(rng.integers(len(node.input)))] = pick(rng, ["", *_all_values(graph)])


def _arity(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    values = pick(rng, [node.input, node.output])
    if values and rng.integers(2):
        del values[-1]
    elif values is node.input:
        values.append(pick(rng, _all_values(graph)))
    else:
        values.append(pick(rng, ["", f"new{len(values)}"]))


def _attribute(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    if not node.attribute:
        return
    a = pick(rng, node.attribute)
    kind = int(rng.integers(5))
    if kind == 0:
        node.attribute.remove(a)
    elif kind == 1:
        a.type = int(rng.integers(15))
    elif a.type == AttributeProto.INT:
        a.i = pick(rng, SIGNED)
    elif a.type == AttributeProto.FLOAT:
        a.f = pick(rng, FLOATS)
    elif a.type == AttributeProto.STRING:
        a.s = pick(rng, [pick(rng, TEXTS).encode(), rng.bytes(4)])
    elif a.ints and kind == 2:
        del a.ints[-1]
    elif a.ints:
        a.ints[int(rng.integers(len(a.ints)))] = pick(rng, SIGNED)


def _new_attribute(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    schemas = [s for s in onnx.defs.get_all_schemas() if s.name == node.op_type]
    names = sorted(schemas[0].attributes) if schemas else []
    value = pick(rng, [pick(rng, SIGNED), pick(rng, FLOATS), pick(rng, TEXTS), [1, 2], [0], [-1]])
    made = onnx.helper.make_attribute(pick(rng, [*names, "made_up"]), value)
    node.attribute.append(made)


def _double(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    copy = graph.node.add()
    copy.CopyFrom(node)
    if rng.integers(2):
        del copy.output[:]
        copy.output.extend([f"twin{len(graph.node)}_{i}" for i in range(len(node.output))])


def _drop(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    graph.node.remove(node)


def _rename(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    old, new = pick(rng, _all_values(graph)), pick(rng, [*TEXTS, *_all_values(graph)])
    for n in graph.node:
        for values in (n.input, n.output):
            values[:] = [new if v == old else v for v in values]
    for v in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        v.name = new if v.name == old else v.name


def _value(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """An input or output of another type or shape, once more, or none."""
    values = pick(rng, [graph.input, graph.output])
    if not values:
        return
    value = pick(rng, values)
    kind, tensor = int(rng.integers(6)), value.type.tensor_type
    if kind == 0:
        tensor.elem_type = int(rng.integers(30))
    elif kind == 1:
        values.add().CopyFrom(value)
    elif kind == 2:
        value.type.Clear()
    elif kind == 3:
        tensor.ClearField("shape")
    elif tensor.shape.dim and kind == 4:
        pick(rng, tensor.shape.dim).dim_value = pick(rng, [*SIGNED, 4, 5])
    elif tensor.shape.dim:
        pick(rng, tensor.shape.dim).dim_param = pick(rng, TEXTS)


def _tensor(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """A constant of another type, shape or data, or as an output."""
    if not graph.initializer:
        return
    tensor: TensorProto = pick(rng, graph.initializer)
    kind = int(rng.integers(8))
    if kind == 0:
        tensor.data_type = int(rng.integers(30))
    elif kind == 1:
        tensor.raw_data = tensor.raw_data[:-1]
    elif kind == 2:
        tensor.raw_data = rng.bytes(len(tensor.raw_data))
    elif kind == 3 and len(tensor.raw_data) % 8 == 0:  # often axes, pads or a shape
        count = len(tensor.raw_data) // 8
        tensor.raw_data = np.array([pick(rng, SIGNED) for _ in range(count)], np.int64).tobytes()
    elif kind == 4:
        graph.output.add(name=tensor.name)
    elif kind == 5:
        graph.initializer.add().CopyFrom(tensor)
    elif kind == 6:
        graph.initializer.remove(tensor)
    elif tensor.dims:
        tensor.dims[int(rng.integers(len(tensor.dims)))] = pick(rng, SIGNED)


def _unknown(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """A constant that the device is given."""
    if not graph.initializer:
        return
    tensor = pick(rng, graph.initializer)
    graph.input.append(
        onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
    )
    graph.initializer.remove(tensor)


def _other_type(rng: Rng, graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """All floats, inside and out, become something else."""
    kind = pick(rng, [TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.INT8, TensorProto.UINT8,
                      TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL])  # fmt: skip
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = kind
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and tensor.HasField("raw_data"):
            data = np.frombuffer(tensor.raw_data[: len(tensor.raw_data) // 4 * 4], np.float32)
            with np.errstate(all="ignore"):
                data = data.astype(onnx.helper.tensor_dtype_to_np_dtype(kind))
            tensor.raw_data, tensor.data_type = data.tobytes(), kind


def _opset(rng: Rng, model: onnx.ModelProto) -> None:
    if model.opset_import and rng.integers(2):
        pick(rng, model.opset_import).version = pick(rng, [*SIGNED, 11, 13, 18, 25])
    else:
        model.opset_import.add(domain=pick(rng, TEXTS), version=pick(rng, SIGNED))


GRAPH = [_operator, _edge, _edge, _arity, _attribute, _attribute, _new_attribute, _double, _drop,
         _rename, _value, _value, _tensor, _tensor, _unknown, _other_type]  # fmt: skip


def edit_model(rng: Rng, data: bytes, other: bytes) -> bytes:
    """One to three edits that a program which makes models might have made wrongly."""
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError:  # another mutation was here before
        return data
    for _ in range(int(rng.integers(1, 4))):
        if rng.integers(20) == 0:
            _opset(rng, model)
        elif model.graph.node:
            with contextlib.suppress(UnicodeDecodeError):
                pick(rng, GRAPH)(rng, model.graph, pick(rng, model.graph.node))
    return bytes(model.SerializeToString())


def merge_models(rng: Rng, data: bytes, other: bytes) -> bytes:
    """Two messages one after another are one, by the rules of protobuf: names meet names."""
    return data + other


ONNX: list[Mutation] = [edit_model, edit_model, edit_model, edit_model, merge_models]
