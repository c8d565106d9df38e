"""LSTM, GRU and RNN for onnx.reference, whose own run forward only and know one activation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
from onnx.reference.op_run import OpRun

from odl.ops.node import Node
from odl.ops.recurrent import Gru, Lstm, Recurrent, Rnn

Array = npt.NDArray[Any]


class _Recurrent(OpRun):
    op_domain = ""
    operator: ClassVar[Recurrent]

    def _run(self, *inputs: Array | None, **attributes: Any) -> tuple[Array, ...]:
        node = Node(ir.serde.deserialize_node(self.onnx_node))
        x = [np.asarray(v, np.float64) for v in inputs if v is not None and v.size]
        y, ends = self.operator.run(node, x, 0.0)
        values = self.operator.outputs(node, y.value, [e.value for e in ends])
        return tuple(v.astype(inputs[0].dtype) for v in values)[: len(self.onnx_node.output)]  # type: ignore[union-attr]


class LSTM(_Recurrent):
    operator = Lstm()


class GRU(_Recurrent):
    operator = Gru()


class RNN(_Recurrent):
    operator = Rnn()
