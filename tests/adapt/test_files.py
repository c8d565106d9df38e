"""Adapter files: what is in them, whose they are, and the model that they become."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from odl.adapt.files import Base, merge, read_adapter, read_base, write_adapter
from odl.compile import Compiled
from odl.errors import IntegrityError, ModelError, UsageError
from odl.train.options import TrainOptions
from tests.adapt.layers import asked
from tests.models import Array, conv_net, model
from tests.train.steps import batches, compiled, states_after, train


def base_of(made: Compiled) -> Base:
    names = [n for n in ("inference", "adapted") if n in made.stages]
    return Base.of({n: made.stages[n].SerializeToString(deterministic=True) for n in names})


def learnt(made: Compiled, feeds: list[dict[str, Array]]) -> tuple[dict[str, Array], Array]:
    """States behind some steps, and the prediction that the program then makes."""
    states = states_after(made, train(made, feeds)[-1])
    return states, train(made, [feeds[0]], states)[0][made.program.outputs[0]]


METHODS = ["full", "bias", "norm", "last:1", "lora+bias", "pissa", "core", "paca", "miss", "sparse",
           "affine", "peqa", "lrec"]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["fp32", "fp16"])
def test_the_merged_model_predicts_what_the_program_does(
    method: str, dtype: str, tmp_path: Path
) -> None:
    first, *others = method.split("+")
    known = first not in ("full", "bias", "norm", "last:1")
    text = "+".join([asked(first) if known else first, *others])
    options = TrainOptions(text, optimizer="adam:lr=0.02")
    made, feeds = compiled(options, conv_net(), dtype=dtype), batches(6)
    states, want = learnt(made, feeds)
    base, path = base_of(made), tmp_path / "a.safetensors"
    size = write_adapter(path, base, states, int(states["odl/updates"]))
    found, about = read_adapter(path, base)
    assert about["updates"] == "6"
    assert size == sum(v.nbytes for v in found.values())
    assert set(found) == {n for n in states if not n.startswith("odl/")
                          and not n.endswith(("/mean", "/variance"))}  # fmt: skip
    graph, changes = merge(base, found)
    onnx.checker.check_model(graph, full_check=True)
    assert not graph.functions
    got = ReferenceEvaluator(graph).run(None, {"image": feeds[0]["image"]})[0]
    tolerance = 2e-6 if dtype == "fp32" else 5e-3
    np.testing.assert_allclose(got, want, atol=tolerance)
    plain = ReferenceEvaluator(base.graph).run(None, {"image": feeds[0]["image"]})[0]
    assert np.abs(plain - got).max() > 5 * tolerance
    assert all(c.size > 0 and c.lost < 1e-6 for c in changes)


RECURRENT = """net (float[3,1,4] x) => (float[1,3] scores) {
    y, y_h = GRU <hidden_size = 6, direction = "bidirectional"> (x, w, r, b)
    shape = Constant <value_ints = [1, 12]> () h = Reshape (y_h, shape)
    scores = Gemm (h, wc, bc) }"""


def recurrent() -> onnx.ModelProto:
    net, rng = model(RECURRENT), np.random.default_rng(0)
    shapes = {"w": (2, 18, 4), "r": (2, 18, 6), "b": (2, 36), "wc": (12, 3), "bc": (3,)}
    for name, shape in shapes.items():
        values = rng.normal(0, 0.4, shape).astype(np.float32)
        net.graph.initializer.append(numpy_helper.from_array(values, name))
    return net


@pytest.mark.parametrize("method", ["lora:r=2", "pissa:r=2", "peqa:bits=4", "lrec:r=2", "sparse"])
def test_recurrent_weights_are_merged(method: str) -> None:
    options = TrainOptions(f"{method},layers=w,r+bias", optimizer="adam:lr=0.02")
    if ":" not in method:
        options = TrainOptions(f"{method}:layers=w,r+bias", optimizer="adam:lr=0.02")
    made, rng = compiled(options, recurrent()), np.random.default_rng(1)
    feeds = [{"x": rng.normal(size=(3, 1, 4)).astype(np.float32), "label": np.array([i], np.int32)}
             for i in range(3)]  # fmt: skip
    states, want = learnt(made, feeds)
    base = base_of(made)
    graph, changes = merge(base, {k: v for k, v in states.items() if k in base.learns})
    assert {c.name for c in changes} >= {"w", "r"}
    got = ReferenceEvaluator(graph).run(None, {"x": feeds[0]["x"]})[0]
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_a_foreign_or_damaged_adapter_is_refused(tmp_path: Path) -> None:
    mine, other = (compiled("lora:r=1", conv_net(seed=seed)) for seed in (0, 1))
    states, path = states_after(mine, train(mine, batches(1))[0]), tmp_path / "a.safetensors"
    write_adapter(path, base_of(mine), states, 1)
    with pytest.raises(IntegrityError) as error:
        read_adapter(path, base_of(other))
    assert "is the adapter of another base (" in str(error.value)
    assert error.value.exit_code == 6
    whole = path.read_bytes()
    for data in (b"", whole[:40], whole[:-1], struct.pack("<Q", 1 << 60) + whole[8:]):
        path.write_bytes(data)
        with pytest.raises(ModelError):
            read_adapter(path, base_of(mine))
    with pytest.raises(ModelError, match="does not exist"):
        read_adapter(tmp_path / "nothing", base_of(mine))
    with pytest.raises(UsageError, match="does not train"):
        read_base(tmp_path)


@pytest.mark.parametrize(("dtype", "recurs"), [("fp32", False), ("fp16", False), ("fp32", True)])
def test_entries_that_moved_are_merged_where_they_are(
    dtype: str, recurs: bool, tmp_path: Path
) -> None:
    """Through a file; one that names other places is refused."""
    text = "sparse:share=0.2,every=2" + (",layers=w,r" if recurs else "")
    net, feeds = (recurrent() if recurs else conv_net()), batches(6)
    if recurs:
        rng = np.random.default_rng(1)
        feeds = [{"x": rng.normal(size=(3, 1, 4)).astype(np.float32), "label": f["label"]}
                 for f in feeds]  # fmt: skip
    made = compiled(TrainOptions(text, optimizer="adam:lr=0.1"), net, dtype=dtype)
    states, want = learnt(made, feeds)
    base, path = base_of(made), tmp_path / "a.safetensors"
    write_adapter(path, base, states, 6)
    found, _ = read_adapter(path, base)
    moved = [n for n, v in found.items() if (v != base.constants[n]).any() and "places" in n]
    assert len(moved) == len(base.records) > 0
    graph, _ = merge(base, found)
    given = {k: v for k, v in feeds[0].items() if k != "label"}
    got = ReferenceEvaluator(graph).run(None, given)[0]
    np.testing.assert_allclose(got, want, atol=1e-5 if dtype == "fp32" else 1e-2)
    unmoved = {n: v for n, v in found.items() if n not in moved}
    elsewhere = ReferenceEvaluator(merge(base, unmoved)[0]).run(None, given)[0]
    assert np.abs(elsewhere - want).max() > 0.02
    for wrong in (-1, int(found[moved[0]][1]), 1 << 30):
        found[moved[0]][0] = wrong
        write_adapter(path, base, {**states, **found}, 6)
        with pytest.raises(ModelError, match="holds no places in its weight"):
            read_adapter(path, base)


def test_a_changed_tensor_is_told() -> None:
    made = compiled("lora:r=1,layers=dense*", conv_net())
    base = base_of(made)
    _, before = merge(base, {})
    assert [(c.size, c.rank, c.intruders) for c in before] == [(0.0, 0, 0)]
    (record,) = base.records
    grown = {record.factors["left"]: np.full((3, 1), 100, np.float32)}
    graph, (change,) = merge(base, grown)
    assert (change.rank, change.intruders) == (1, 1)
    assert change.size > 10
    assert ir.serde.deserialize_model(graph).graph.name == "conv_net"
