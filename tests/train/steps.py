"""Training steps on NumPy: the planned program over poisoned memory, its state carried along."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir

from odl.compile import Compiled, Options, compile_graph
from odl.plan.interpret import first_states, interpret
from odl.train.options import TrainOptions
from tests.models import conv_net

Array = npt.NDArray[Any]
Seen = dict[str, Array]


def compiled(
    train: TrainOptions | str = "full", net: onnx.ModelProto | None = None, **options: Any
) -> Compiled:
    """The training step of a network, `conv_net` if not given."""
    if isinstance(train, str):
        train = TrainOptions(train)
    model = ir.serde.deserialize_model(net or conv_net())
    return compile_graph(
        model, "net", Options(**{"target": "host", "cores": 2, "train": train, **options})
    )


def batches(count: int, seed: int = 0) -> list[Seen]:
    """Random images for `conv_net`, whose class is that of their largest corner."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        image = rng.normal(size=(1, 2, 8, 8)).astype(np.float32)
        corners = image[0, :, [0, 0, 7], [0, 7, 0]].sum(axis=1)
        found.append({"image": image, "label": np.array([corners.argmax()], np.int32)})
    return found


def train(made: Compiled, feeds: Iterable[Seen], states: Seen | None = None) -> list[Seen]:
    """Every tensor of each step, from `states` on."""
    program = made.program
    states = dict(states if states is not None else first_states(program))
    steps = []
    for feed in feeds:
        seen = interpret(program, {**feed, **states})
        states = {s.tensor: seen[s.successor] for s in program.states}
        steps.append(seen)
    return steps


def states_after(made: Compiled, seen: Seen) -> Seen:
    """The states that a step leaves, by their names."""
    return {s.tensor: seen[s.successor] for s in made.program.states}
