"""Small networks with random weights, of kinds that devices learn."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from tests.models import model

TRANSFORMER = """transformer (float[1,12,16] x) => (float[1,3] scores) {
    n1 = LayerNormalization (x, s1, b1)
    q = MatMul (n1, wq) k = MatMul (n1, wk) v = MatMul (n1, wv)
    a = Attention <q_num_heads = 2, kv_num_heads = 2> (q, k, v)
    o = MatMul (a, wo) h = Add (x, o)
    n2 = LayerNormalization (h, s2, b2)
    u = MatMul (n2, wu) ub = Add (u, bu) g = Gelu (ub) d = MatMul (g, wd) db = Add (d, bd)
    y = Add (h, db)
    axes = Constant <value_ints = [1]> () m = ReduceMean <keepdims = 0> (y, axes)
    scores = Gemm (m, wc, bc) }"""
LSTM = """lstm (float[16,1,4] x) => (float[1,3] scores) {
    y, y_h, y_c = LSTM <hidden_size = 12> (x, w, r, b)
    axes = Constant <value_ints = [0]> () h = Squeeze (y_h, axes)
    scores = Gemm (h, wc, bc) }"""
SHAPES = {
    "transformer": {
        **dict.fromkeys(("s1", "b1", "s2", "b2", "bd"), (16,)),
        **dict.fromkeys(("wq", "wk", "wv", "wo"), (16, 16)),
        "wu": (16, 32), "bu": (32,), "wd": (32, 16), "wc": (16, 3), "bc": (3,),
    },
    "lstm": {"w": (1, 48, 4), "r": (1, 48, 12), "b": (1, 96), "wc": (12, 3), "bc": (3,)},
}  # fmt: skip
TEXTS = {"transformer": TRANSFORMER, "lstm": LSTM}


def network(name: str) -> onnx.ModelProto:
    """A transformer block, or a recurrent network, that tells three classes."""
    net, rng = model(TEXTS[name]), np.random.default_rng(0)
    for weight, shape in SHAPES[name].items():
        values = rng.normal(0, 1 / np.sqrt(shape[-1]), shape)
        if len(shape) == 1:
            values = np.ones(shape) if weight.startswith("s") else np.zeros(shape)
        net.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), weight))
    return net


def sequences(name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with one of three waves in it, [count, *shape of x], and which one."""
    steps, wide = (12, 16) if name == "transformer" else (16, 4)
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, count).astype(np.int32)
    t = np.arange(steps)[:, None] / steps * 2 * np.pi
    waves = np.stack([np.sin(t * f + np.arange(wide)) for f in (1, 2, 4)])
    x = (waves[labels] + rng.normal(0, 0.3, (count, steps, wide))).astype(np.float32)
    return x.reshape(
        count, *((1, steps, wide) if name == "transformer" else (steps, 1, wide))
    ), labels
