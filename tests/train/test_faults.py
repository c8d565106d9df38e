"""A bad number in any tensor of a step: the state stays sound, a skipped step changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from odl.plan.interpret import first_states, interpret
from odl.train.options import TrainOptions
from tests.train.steps import Array, batches, compiled, states_after

VALUES = [np.nan, np.inf, -np.inf, 65504.0, 1e-40]
"""1e-40 is a denormal of single precision, and 0 in half."""
OPTIONS = [
    TrainOptions("full", optimizer="adam:schedule=cosine,steps=9,clip=1"),
    TrainOptions("full", optimizer="sgd:momentum=0.9", loss_scale="1024"),
    TrainOptions("full", optimizer="sgd", accumulate=2),
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_in_any_tensor(options: TrainOptions, dtype: str, value: float) -> None:
    made = compiled(options, dtype=dtype)
    program, feed = made.program, batches(1)[0]
    first = first_states(program)
    successors = {s.successor for s in program.states}
    floats = [t for t in program.tensors if t.dtype.is_float and t.data is None]
    skipped, borne = 0, set[str]()
    for tensor in floats:
        if tensor.name in successors | set(first):
            continue  # the state itself

        def spoil(name: str, elements: Array, wanted: str = tensor.name) -> None:
            if name == wanted:
                elements[elements.size // 2] = value

        inputs = dict(feed)
        if tensor.name in inputs:
            inputs[tensor.name] = feed[tensor.name].copy()
            spoil(tensor.name, inputs[tensor.name].reshape(-1))
        after = states_after(made, interpret(program, inputs, spoil))
        assert all(np.isfinite(v).all() for v in after.values()), tensor.name
        if int(after["odl/skipped"]):
            skipped += 1
            changed = {n for n in first if first[n].tobytes() != after[n].tobytes()}
            assert changed == {"odl/skipped", "odl/skipped_in_row"}, tensor.name
        else:
            borne.add(tensor.name)
    if not np.isfinite(value):
        assert skipped > 12
        assert not any(name.startswith("loss") for name in borne)
