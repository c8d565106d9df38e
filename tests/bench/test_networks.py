"""The networks of the benchmark are those of MLPerf Tiny by their work, shapes and parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from odl.bench.networks import ds_cnn, resnet8
from odl.compile import Options, compile_graph
from odl.train.options import TrainOptions
from tests.models import reference, runtime, samples

FORWARD = {resnet8: 12_501_632, ds_cnn: 2_656_768}
STEP = {resnet8: 37_062_528, ds_cnn: 7_650_304}
"""Three times as much, less the input gradient of the first layer."""
PARAMETERS = {resnet8: 77_706, ds_cnn: 22_604}


@pytest.mark.parametrize("network", FORWARD, ids=lambda n: n.__name__)
def test_work_and_parameters(network: Callable[[], onnx.ModelProto]) -> None:
    onnx.checker.check_model(network(), full_check=True)
    model = ir.serde.deserialize_model(network())
    forward = compile_graph(model, "net", Options()).program
    assert forward.macs == FORWARD[network]
    assert forward.parameters == PARAMETERS[network]
    model = ir.serde.deserialize_model(network())
    step = compile_graph(model, "net", Options(train=TrainOptions("full"))).program
    assert step.macs == STEP[network]


@pytest.mark.parametrize("network", FORWARD, ids=lambda n: n.__name__)
def test_the_same_every_time_and_sound(network: Callable[[], onnx.ModelProto]) -> None:
    net = network()
    assert net.SerializeToString(deterministic=True) == network().SerializeToString(
        deterministic=True
    )
    inputs = samples(net)
    (ours,), (theirs,) = reference(net, inputs), runtime(net, inputs)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert ours.max() < 0.999, "the classes compete"
