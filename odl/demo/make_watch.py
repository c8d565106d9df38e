"""Train the demonstration network: seven exercises, told by the movement of a watch.

Not part of the package's work: its results, watch.onnx and the two .npz files, are shipped. To make
them again: pip install torch==2.13.0 seglearn==1.2.5 onnx numpy; python odl/demo/make_watch.py

Data: seglearn's watch data set (BSD 3-clause, LICENSE.seglearn): 10 wearers, 7 shoulder exercises,
both arms, 6-axis IMU at 50 Hz. The network sees right arms only, of seven wearers. The other three
are held out; their left arms, where the axes are mirrored, are the drift a device has to learn.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from seglearn.datasets import load_watch
from torch import nn

HERE = Path(__file__).parent
WINDOW = 64
HELD_OUT = 3
PER_CLASS = 30
RIGHT, LEFT = 1, 0

Array = npt.NDArray[Any]


class Block(nn.Module):
    """A depthwise convolution and a pointwise one, each with its own statistics."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(
            inputs, inputs, size, padding=size // 2, groups=inputs, bias=False
        )
        self.depthwise_norm = nn.BatchNorm1d(inputs)
        self.pointwise = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm1d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.depthwise_norm(self.depthwise(x)))
        return torch.relu(self.pointwise_norm(self.pointwise(x)))


class Watch(nn.Module):
    """[batch, 6, 64] in raw units to [batch, 7] scores."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.BatchNorm1d(6, affine=False)
        self.stem = nn.Conv1d(6, 24, 5, stride=2, padding=2, bias=False)
        self.stem_norm = nn.BatchNorm1d(24)
        self.block1 = Block(24, 32, 5)
        self.pool = nn.MaxPool1d(2)
        self.block2 = Block(32, 48, 5)
        self.drop = nn.Dropout(0.3)
        self.classify = nn.Linear(48, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem_norm(self.stem(self.scale(x))))
        x = self.block2(self.pool(self.block1(x)))
        scores: torch.Tensor = self.classify(self.drop(x.mean(dim=2)))
        return scores


def windows(data: Any, wearers: set[int], side: int, step: int) -> tuple[Array, Array]:
    """All windows [n, 6, 64] of some wearers' arms, and their classes."""
    found, labels = [], []
    for series, label, wearer, arm in zip(
        data["X"], data["y"], data["subject"], data["side"], strict=True
    ):
        if int(wearer) in wearers and int(arm) == side:
            for at in range(0, len(series) - WINDOW + 1, step):
                found.append(series[at : at + WINDOW].T)
                labels.append(label)
    return np.asarray(found, np.float32), np.asarray(labels, np.int64)


def train(x: Array, y: Array, epochs: int = 60) -> Watch:
    """Adam with small random turns and gains, because no two wearers wear a watch alike."""
    torch.manual_seed(1)
    net = Watch()
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    data, labels = torch.from_numpy(x), torch.from_numpy(y)
    for _ in range(epochs):
        net.train()
        for batch in torch.randperm(len(data)).split(128):
            loss = nn.functional.cross_entropy(
                net(turned(data[batch])), labels[batch], label_smoothing=0.05
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    return net.eval()


def turned(x: torch.Tensor) -> torch.Tensor:
    """Each window turned by up to some 20 degrees about a random axis, and scaled by up to 20 %."""
    axis = torch.randn(len(x), 3)
    axis = axis / axis.norm(dim=1, keepdim=True) * (torch.randn(len(x), 1) * 0.2)
    zero = torch.zeros(len(x))
    a, b, c = axis.unbind(1)
    cross = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero], 1).reshape(-1, 3, 3)
    turn = torch.linalg.matrix_exp(cross) * (1 + 0.2 * (2 * torch.rand(len(x), 1, 1) - 1))
    return torch.cat([turn @ x[:, :3], turn @ x[:, 3:]], dim=1)


def accuracy(net: Watch, x: Array, y: Array) -> float:
    """Share of windows that are told right."""
    with torch.no_grad():
        return float((net(torch.from_numpy(x)).argmax(1).numpy() == y).mean())


def export(net: Watch, labels: list[str]) -> onnx.ModelProto:
    """The network as ONNX, its normalisations not folded, its names for people."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def add(op: str, name: str, x: str, *parameters: tuple[str, Any], **attributes: Any) -> str:
        stored = []
        for suffix, value in parameters:
            array = value.detach().numpy().astype(np.float32)
            constants.append(numpy_helper.from_array(array, f"{name}/{suffix}"))
            stored.append(f"{name}/{suffix}")
        nodes.append(helper.make_node(op, [x, *stored], [f"{name}/y"], name, **attributes))
        return f"{name}/y"

    def norm(name: str, x: str, layer: nn.BatchNorm1d) -> str:
        one, zero = torch.ones(layer.num_features), torch.zeros(layer.num_features)
        scale = one if layer.weight is None else layer.weight
        bias = zero if layer.bias is None else layer.bias
        return add(
            "BatchNormalization", name, x, ("scale", scale), ("bias", bias),
            ("mean", layer.running_mean), ("variance", layer.running_var), epsilon=layer.eps,
        )  # fmt: skip

    def conv(name: str, x: str, layer: nn.Conv1d, norm_layer: nn.BatchNorm1d) -> str:
        pad = int(layer.padding[0])
        x = add(
            "Conv", name, x, ("weight", layer.weight), strides=list(layer.stride),
            pads=[pad, pad], group=layer.groups, kernel_shape=list(layer.kernel_size),
        )  # fmt: skip
        return add("Relu", f"{name}/relu", norm(f"{name}/norm", x, norm_layer))

    x = norm("scale", "imu", net.scale)
    x = conv("stem", x, net.stem, net.stem_norm)
    for name, block in (("block1", net.block1), ("block2", net.block2)):
        x = conv(f"{name}/depthwise", x, block.depthwise, block.depthwise_norm)
        x = conv(f"{name}/pointwise", x, block.pointwise, block.pointwise_norm)
        if name == "block1":
            x = add("MaxPool", "pool", x, kernel_shape=[2], strides=[2])
    x = add("Flatten", "flatten", add("GlobalAveragePool", "mean", x))
    linear = net.classify
    x = add("Gemm", "classify", x, ("weight", linear.weight), ("bias", linear.bias), transB=1)
    nodes.append(helper.make_node("Softmax", [x], ["probabilities"], "softmax", axis=-1))
    graph = helper.make_graph(
        nodes,
        "watch",
        [helper.make_tensor_value_info("imu", TensorProto.FLOAT, ["batch", 6, WINDOW])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 7])],
        constants,
    )
    model = helper.make_model(
        graph, producer_name="odl", ir_version=8, opset_imports=[helper.make_opsetid("", 17)]
    )
    properties = {
        "labels": json.dumps(labels),
        "data": "seglearn watch data set, right arms of seven wearers",
        "licence": "network: Apache-2.0; data: BSD-3-Clause (LICENSE.seglearn)",
    }
    helper.set_model_props(model, properties)
    onnx.checker.check_model(model, full_check=True)
    return model


def even(x: Array, y: Array) -> tuple[Array, Array]:
    """At most PER_CLASS windows of each class, spread over all that there are, classes mixed."""
    picked = []
    for label in np.unique(y):
        at = np.flatnonzero(y == label)
        picked.append(at[np.linspace(0, len(at) - 1, min(PER_CLASS, len(at))).astype(int)])
    order = np.random.default_rng(0).permutation(np.concatenate(picked))
    return x[order], y[order]


def main() -> None:
    """Train, export, and write the held-out windows."""
    data = load_watch()
    wearers = sorted({int(s) for s in data["subject"]})
    seen, held_out = set(wearers[:-HELD_OUT]), set(wearers[-HELD_OUT:])
    net = train(*windows(data, seen, RIGHT, WINDOW // 4))
    (HERE / "watch.onnx").write_bytes(
        export(net, list(data["y_labels"])).SerializeToString(deterministic=True)
    )
    print(f"{sum(p.numel() for p in net.parameters())} parameters, held out: {sorted(held_out)}")
    for name, side in (("heldout", RIGHT), ("left", LEFT)):
        x, y = windows(data, held_out, side, WINDOW)
        print(f"{name}: {accuracy(net, x, y):.3f} of {len(y)} windows")
        x, y = even(x, y)
        np.savez_compressed(HERE / f"watch_{name}.npz", imu=x, y=y)
        size = (HERE / f"watch_{name}.npz").stat().st_size
        print(f"{name}: {accuracy(net, x, y):.3f} of the {len(y)} shipped, {size} bytes")


if __name__ == "__main__":
    main()
