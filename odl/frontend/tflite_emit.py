"""The ONNX graph that grows out of a TFLite graph: constants, views and quantization of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from odl.errors import ModelError, Unsupported
from odl.frontend.tflite_schema import Names, Quantization, Tensor, TfliteGraph

Array = npt.NDArray[Any]
Ints = tuple[int, ...]


class Emitted:
    """Nodes and initializers so far, and which value each TFLite tensor is."""

    def __init__(self, graph: TfliteGraph) -> None:
        """The inputs and the zero initial state are values from the start."""
        self.graph = graph
        self.nodes: list[ir.Node] = []
        self.initializers: list[ir.Value] = []
        self.values: dict[int, ir.Value] = {}
        """The stored form of what is computed, by tensor."""
        self._names = Names(t.name for t in graph.tensors.values())
        self._claimed: set[str] = set()
        self._views: dict[tuple[int, Ints, Ints, bool], ir.Value] = {}
        self._parameters: dict[str, tuple[ir.Value, ir.Value]] = {}
        self._shared: set[ir.Value] = set()
        for i in graph.inputs:
            tensor = graph.tensors[i]
            if i in self.values or tensor.data is not None:
                raise ModelError("this input is one twice, or a constant", where=tensor.name)
            self.values[i] = _described(ir.Value(name=tensor.name), tensor)
            self._shared.add(self.values[i])

    # --- nodes and constants ---

    def constant(self, name: str, array: Array) -> ir.Value:
        """A new initializer."""
        name = self._claim(name)
        tensor = ir.tensor(np.ascontiguousarray(array).reshape(array.shape), name=name)
        value = ir.Value(name=name, const_value=tensor)
        value.shape, value.type = ir.Shape(array.shape), ir.TensorType(tensor.dtype)
        self.initializers.append(value)
        self._shared.add(value)
        return value

    def node(
        self, op: str, inputs: Sequence[ir.Value | None], name: str, n: int = 1, **attributes: Any
    ) -> ir.Value:
        """The first of the `n` outputs of a new node."""
        name = self._names.unique(name)
        node = ir.node(op, inputs, attributes=attributes, num_outputs=n, name=name)
        for i, value in enumerate(node.outputs):
            value.name = name if i == 0 else self._names.unique(f"{name}/{i}")
        self.nodes.append(node)
        return node.outputs[0]

    def _claim(self, name: str) -> str:
        """The first constant that asks for its tensor's own name gets it."""
        chosen = self._names.unique(name) if name in self._claimed else name
        if chosen == name and name not in self._names.taken:
            self._names.unique(name)
        self._claimed.add(chosen)
        return chosen

    # --- tensors ---

    def stored(self, index: int, perm: Ints = (), shape: Ints = ()) -> ir.Value:
        """A tensor as it is stored, transposed and then reshaped."""
        key, tensor = (index, perm, shape, False), self.graph.tensors[index]
        if key not in self._views:
            if tensor.data is not None or tensor.variable:
                value = self._constant_tensor(tensor, perm, shape)
            elif index not in self.values:
                where = f"tensor '{tensor.name}'"
                raise ModelError("it is read before it is computed", where=where)
            else:
                value = self.view(self.values[index], perm, shape, f"{tensor.name}/view")
            self._views[key] = value
            self._shared.add(value)
        return self._views[key]

    def _constant_tensor(self, tensor: Tensor, perm: Ints, shape: Ints) -> ir.Value:
        data = np.zeros(tensor.shape, tensor.dtype.numpy()) if tensor.data is None else tensor.data
        data = data.transpose(perm) if perm else data
        return self.constant(tensor.name, data.reshape(shape) if shape else data)

    def real(self, index: int, perm: Ints = (), shape: Ints = ()) -> ir.Value:
        """A quantized tensor in float, transposed and then reshaped."""
        key, tensor = (index, perm, shape, True), self.graph.tensors[index]
        if key not in self._views:
            q = tensor.quantization
            assert q is not None
            if q.per_axis and shape:
                raise Unsupported("scales for each channel of it, reshaped", where=tensor.name)
            axis = perm.index(q.axis) if perm else q.axis
            moved = Quantization(q.scale, q.zero_point, axis)
            self._views[key] = self.dequantize(
                self.stored(index, perm, shape), tensor, moved, tensor.name
            )
            self._shared.add(self._views[key])
        return self._views[key]

    def dequantize(self, stored: ir.Value, tensor: Tensor, q: Quantization, name: str) -> ir.Value:
        """real = scale * (stored - zero point)."""
        operands = self._operands(name, tensor, q)
        axis = {"axis": q.axis} if q.per_axis else {}
        return self.node("DequantizeLinear", (stored, *operands), f"{name}/real", **axis)

    def quantize(self, x: ir.Value, tensor: Tensor, q: Quantization, where: str) -> ir.Value:
        """stored = saturate(round(real / scale) + zero point)."""
        if q.per_axis:
            raise Unsupported("its result has a scale for each channel", where=where)
        operands = self._operands(tensor.name, tensor, q)
        return self.node("QuantizeLinear", (x, *operands), f"{tensor.name}/stored")

    def _operands(self, name: str, tensor: Tensor, q: Quantization) -> tuple[ir.Value, ir.Value]:
        """Scale and zero point; a tensor's own are shared by all who read and write it."""
        if name not in self._parameters:
            zero = q.zero_point.astype(tensor.dtype.numpy())
            named = ((f"{name}/scale", q.scale), (f"{name}/zero_point", zero))
            a, b = (self.constant(n, v if q.per_axis else v.reshape(())) for n, v in named)
            self._parameters[name] = a, b
        return self._parameters[name]

    def view(self, x: ir.Value, perm: Ints, shape: Ints, name: str) -> ir.Value:
        """`x` transposed and then reshaped, where that is asked for."""
        if perm:
            x = self.node("Transpose", (x,), name, perm=list(perm))
        if shape:
            x = self.node("Reshape", (x, self.constant(f"{name}/shape", np.array(shape))), name)
        return x

    def bind(self, index: int, value: ir.Value) -> None:
        """The tensor is this value from now on, and gives it its name."""
        tensor = self.graph.tensors[index]
        if index in self.values or tensor.data is not None or tensor.variable:
            where = f"tensor '{tensor.name}'"
            raise ModelError("it is written twice, or is no result of an operator", where=where)
        if value in self._shared:
            value = self.node("Identity", (value,), f"{tensor.name}/identity")
        producer = value.producer()
        if producer is not None and producer.outputs[0] is value:
            producer.name = tensor.name
        value.name = tensor.name
        self.values[index] = _described(value, tensor)
        self._shared.add(value)

    def model(self, opset: int) -> ir.Model:
        """The whole graph.

        Raises:
            ModelError: an output is not computed.
        """
        outputs = [self.stored(i) for i in self.graph.outputs]
        made = ir.Graph(
            [self.values[i] for i in self.graph.inputs],
            outputs,
            nodes=self.nodes,
            initializers=self.initializers,
            opset_imports={"": opset},
            name="tflite",
        )
        return ir.Model(made, ir_version=IR_VERSION, producer_name="odl")


def _described(value: ir.Value, tensor: Tensor) -> ir.Value:
    value.shape, value.type = ir.Shape(tensor.shape), ir.TensorType(tensor.dtype)
    return value


IR_VERSION = 10
"""Of the ONNX file format: the first with all of our element types and opsets."""
