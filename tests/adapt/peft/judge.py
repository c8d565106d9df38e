"""Hugging Face PEFT on a small network: adapters that it makes, and what it makes of ours.

Runs in an environment of its own, for torch is large: `make peft` writes all of tests/golden/peft
again but the folders `exported`, which `pytest --update-golden tests/adapt/peft` writes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import peft
import torch
from peft import EvaConfig, LoraConfig, MissConfig, PeftModel, get_peft_model
from peft.tuners.lora.intruders import reduce_intruder_dimension
from safetensors.torch import load_file, save_file
from torch import nn

VERSIONS = {"made by": f"peft {peft.__version__}, torch {torch.__version__.partition('+')[0]}"}

MADE = {
    "lora": LoraConfig(
        r=4, lora_alpha=6, target_modules=["conv", "grouped", "fc"], rank_pattern={"fc": 3},
        alpha_pattern={"fc": 5}, bias="lora_only", modules_to_save=["head"],
    ),
    "rslora": LoraConfig(r=2, lora_alpha=3, target_modules=["conv", "fc"], use_rslora=True),
    "miss": MissConfig(r=3, target_modules=["fc", "head"]),
    "mini": MissConfig(r=2, mini_r=2, init_weights="mini", target_modules=["head"]),
    "pissa": LoraConfig(
        r=2, lora_alpha=3, init_lora_weights="pissa", target_modules=["fc", "head"]
    ),
    "olora": LoraConfig(
        r=2, lora_alpha=3, init_lora_weights="olora", target_modules=["fc", "head"]
    ),
    "eva": LoraConfig(
        r=2, lora_alpha=2, init_lora_weights="eva", target_modules=["fc"],
        eva_config=EvaConfig(rho=1.0),
    ),
}  # fmt: skip

EXPORTED = "exported"


class Net(nn.Module):
    """Two convolutions, of which one has groups, and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(6, 8, (1, 3), groups=2)
        self.fc = nn.Linear(8, 7)
        self.head = nn.Linear(7, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.grouped(torch.relu(self.conv(x))))
        return self.head(torch.relu(self.fc(x.mean((2, 3)))))


def net(base: dict[str, torch.Tensor]) -> Net:
    made = Net()
    made.load_state_dict({k: v.clone() for k, v in base.items() if "." in k})
    return made


def outputs(model: nn.Module, base: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """y, and the gradients of the cross entropy."""
    model.zero_grad()
    y = model(base["x"])
    nn.functional.cross_entropy(y, base["label"]).backward()
    grads = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    names = {f"grad/{n.replace('.default', '')}": g for n, g in grads.items()}
    return {"y": y.detach(), **names}


def factors(model: nn.Module) -> dict[str, torch.Tensor]:
    kept = ("lora_", "miss_")
    found = {n: p for n, p in model.named_parameters() if any(k in n for k in kept)}
    return {f"start/{n.replace('.default', '')}": p.detach().clone() for n, p in found.items()}


def make(name: str, config: Any, base: dict[str, torch.Tensor], folder: Path, seed: int) -> None:
    """An adapter as PEFT saves it, its values moved away from where they started."""
    torch.manual_seed(seed)
    model = get_peft_model(net(base), config)
    if name == "eva":
        look(model, base)
    judged = factors(model)
    with tempfile.TemporaryDirectory() as scratch:
        first = Path(scratch) / "first"
        if name == "pissa":
            model.peft_config["default"].init_lora_weights = True
            model.save_pretrained(first)
            model.peft_config["default"].init_lora_weights = "pissa"
        with torch.no_grad():
            for n, p in model.named_parameters():
                if p.requires_grad:
                    p += 0.2 * torch.randn(p.shape)
                if "grouped.lora_A" in n:  # ours see the channels of their group alone
                    p[:2, 3:], p[2:, :3] = 0, 0
        judged |= outputs(model, base)
        save(model, folder / name)
        if name == "pissa":
            save(model, folder / "converted", path_initial_model_for_weight_conversion=str(first))
            save_file({"y": judged["y"]}, folder / "converted" / "judged.safetensors", VERSIONS)
    if name != "lora":  # PEFT does not merge convolutions with groups
        merged = model.merge_and_unload().state_dict()
        judged |= {f"merged/{k}": v for k, v in merged.items() if k.endswith("weight")}
    judged = {k: v.contiguous() for k, v in judged.items()}
    save_file(judged, folder / name / "judged.safetensors", VERSIONS)


def save(model: PeftModel, folder: Path, **options: Any) -> None:
    model.save_pretrained(folder, **options)
    (folder / "README.md").unlink()
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["target_modules"].sort()  # of a set
    path.write_text(json.dumps(config, indent=2) + "\n")


def look(model: PeftModel, base: dict[str, torch.Tensor]) -> None:
    """EVA's start, from inputs whose mean is nothing: PEFT takes it away, the paper does not."""
    rows = base["seen"]
    loader = [{"x": torch.cat([rows, -rows])}] * 8
    inner = model.base_model.model

    def forward(model: nn.Module, batch: dict[str, torch.Tensor]) -> None:
        inner.fc(batch["x"])

    peft.tuners.lora.eva.initialize_lora_eva_weights(
        model, loader, forward_fn=forward, prepare_model_inputs_fn=None,
        prepare_layer_inputs_fn=None, show_progress_bar=False,
    )  # fmt: skip


def judge(folder: Path, base: dict[str, torch.Tensor], out: Path) -> None:
    """What the network computes with an adapter that odl has written."""
    model = PeftModel.from_pretrained(net(base), folder)
    save_file({"y": model(base["x"]).detach()}, out, VERSIONS)


def intruders(folder: Path) -> None:
    """How many directions PEFT finds that a weight did not have, of spikes of several sizes."""
    torch.manual_seed(5)
    layer = nn.Sequential(nn.Linear(12, 40))
    spike = nn.functional.normalize(torch.randn(40, 2), dim=0), torch.randn(2, 12)
    kept = {"w": layer[0].weight.detach().clone(), "left": spike[0], "right": spike[1]}
    for size in (0.0, 0.01, 0.1, 0.3, 1.0, 3.0):
        model = get_peft_model(deepcopy(layer), LoraConfig(r=2, lora_alpha=2, target_modules=["0"]))
        adapted, said = model.base_model.model[0], list[str]()
        adapted.lora_A.default.weight.data = spike[1].clone()
        adapted.lora_B.default.weight.data = size * spike[0]
        reduce_intruder_dimension(model, logging_sink=said.append)
        counts = [int(s.rpartition(" ")[2]) for s in said if "Intruders:" in s]
        kept[f"count/{size}"] = torch.tensor(sum(counts))
    save_file(kept, folder / "intruders.safetensors", VERSIONS)


def new_base() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    found = {k: v.clone() for k, v in Net().state_dict().items()}
    found["x"] = torch.randn(1, 3, 6, 9)
    found["label"] = torch.tensor([2])
    found["seen"] = torch.randn(32, 8) * torch.arange(1.0, 9.0)
    return found


def main(folder: Path, what: str = "all") -> None:
    base_file = folder / "base.safetensors"
    if what == "all":
        folder.mkdir(parents=True, exist_ok=True)
        save_file(new_base(), base_file, VERSIONS)
        for seed, (name, config) in enumerate(MADE.items()):
            make(name, config, load_file(base_file), folder, seed)
        intruders(folder)
    for exported in sorted((folder / EXPORTED).glob("*/adapter_config.json")):
        judge(exported.parent, load_file(base_file), exported.parent / "judged.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
