"""Products and convolutions of random shapes on PULP cores: within their bounds, whoever computes.

Hypothesis draws the shapes; `--slow` has it draw many, and others each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from onnx import helper

from tests.conformance.cluster import Cluster, agree, cluster
from tests.conformance.test_cluster_convolutions import TYPES, Case, Model, compiled, usual
from tests.conformance.test_cluster_convolutions import model as convolutions
from tests.conformance.test_cluster_products import model as usual_products

KINDS = [("f32", "fp16"), ("f16", "fp16"), ("f16", "fp32")]
"""Elements, and in which precision halves are added up."""
SIZES = st.integers(1, 70)


@st.composite
def products(draw: st.DrawFn, kind: str) -> Model:
    """Gemm with either operand turned; a bias of any shape, and what else it ends with."""
    number, numpy = TYPES[kind]
    m, k, n = draw(SIZES), draw(SIZES), draw(SIZES)
    turn_a, turn_b = draw(st.booleans()), draw(st.booleans())
    shapes = {"a": (k, m) if turn_a else (m, k), "b": (n, k) if turn_b else (k, n)}
    bias = draw(st.sampled_from([None, (1, n), (m, 1), (m, n)]))
    if bias:
        shapes["c"] = bias
    factors = draw(st.sampled_from([{}, {}, {}, {"alpha": 0.5}, {"beta": 0.5}]))
    nodes = [
        helper.make_node(
            "Gemm", list(shapes), ["p"], transA=int(turn_a), transB=int(turn_b), **factors
        )
    ]
    if not factors and draw(st.booleans()):
        shapes["d"] = (m, n)
        nodes.append(helper.make_node("Add", [nodes[-1].output[0], "d"], ["q"]))
    if not factors and draw(st.booleans()):
        nodes.append(helper.make_node("Relu", [nodes[-1].output[0]], ["r"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs = {name: rng.standard_normal(s).astype(numpy) for name, s in shapes.items()}
    *inner, y = [helper.make_tensor_value_info(o.output[0], number, (m, n)) for o in nodes]
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info(n, number, v.shape) for n, v in inputs.items()],
        [y],
        value_info=inner,
    )
    opsets = [helper.make_opsetid("", 17)]
    return Model(helper.make_model(graph, opset_imports=opsets, ir_version=9), inputs)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A convolution of images of any height and width, along one axis or two."""
    rank = draw(st.sampled_from([1, 2, 2]))

    def some(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    groups = draw(st.sampled_from([1, 1, 2, 3]))
    in_group = 1 if groups == 3 else draw(st.integers(1, 70 if rank == 1 else 9))
    channels = groups * in_group, groups * draw(st.integers(1, 9))
    size, dilation, stride = some(1, 4), some(1, 2), some(1, 3)
    reach = tuple((k - 1) * d for k, d in zip(size, dilation, strict=True))
    begin = tuple(draw(st.integers(0, r)) for r in reach)
    end = tuple(draw(st.integers(0, r)) for r in reach)
    wide = draw(st.integers(0, rank - 1))
    image = tuple(
        max(draw(st.integers(1, 70 if axis == wide else 12)), r + 1 - p - e)
        for axis, (r, p, e) in enumerate(zip(reach, begin, end, strict=True))
    )
    batch = draw(st.sampled_from([1, 1, 2]))
    return Case(batch, groups, channels, image, size, stride, dilation, begin, end)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With all that convolutions call, and all products."""
    programs = []
    for kind, sums in KINDS:
        programs.append(compiled(usual(kind), "usual", "gap9", sums))
        programs.append(compiled(usual_products(kind, [(1, 1, 1)]), "one", "gap9", sums))
    with cluster(programs, tmp_path_factory.mktemp("cluster") / "build") as running:
        yield running


def holds(machine: Cluster, folder: Path, made: Model, sums: str) -> None:
    """Within the bounds on the whole team, and the same bits on every other."""
    program = compiled(made, "random", "gap9", sums)
    assume(machine.fits(program.program))
    agree(machine, program, made.inputs, folder)


def often(request: pytest.FixtureRequest, few: int, many: int) -> settings:
    is_slow = request.config.getoption("--slow")
    return settings(
        max_examples=many if is_slow else few,
        derandomize=not is_slow,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize(("kind", "sums"), KINDS)
def test_products(
    kind: str, sums: str, machine: Cluster, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    @often(request, 25, 400)
    @given(products(kind))
    def every(made: Model) -> None:
        holds(machine, tmp_path, made, sums)

    every()


@pytest.mark.parametrize(("kind", "sums"), KINDS)
def test_convolutions_and_their_gradients(
    kind: str, sums: str, machine: Cluster, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    @often(request, 15, 400)
    @given(cases(), st.integers(0, 2**32 - 1))
    def every(case: Case, seed: int) -> None:
        holds(machine, tmp_path, convolutions(kind, [case], seed), sums)

    every()
