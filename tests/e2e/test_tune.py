"""odl tune on the cluster: what it finds is no slower than the estimate, and compiles."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from odl.cli import cli
from tests.models import conv_net, write
from tests.transform.test_choose_layout import network


def test_tune(tmp_path: Path) -> None:
    model = write(conv_net(), tmp_path)
    options = [str(model), "--target", "gap9", "--dtype", "fp16"]
    done = CliRunner().invoke(cli, ["tune", *options, "--cuts", "2", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["tuned"] <= found["default"]
    assert found["layout"] == "auto"  # which is the model's here, as chw is: one graph
    assert found["rounds"] >= 2  # the convolutions have a form for any machine, too
    file, out = found["file"], str(tmp_path / "build")
    done = CliRunner().invoke(cli, ["compile", *options, "--tuned", file, "-o", out])
    assert done.exit_code == 0, done.output
    other = [str(model), "--target", "gap9", "--tuned", file, "-o", out]
    done = CliRunner().invoke(cli, ["compile", *other])
    assert done.exit_code != 0  # fp32 was not tuned


def test_the_layout_is_measured(tmp_path: Path) -> None:
    model = write(network(), tmp_path)
    options = [str(model), "--target", "gap9", "--dtype", "fp16"]
    done = CliRunner().invoke(cli, ["tune", *options, "--cuts", "1", "--json"])
    assert done.exit_code == 0, done.output
    cycles = {
        layout: int(count.replace(",", ""))
        for count, layout in re.findall(r"round \d+: ([\d,]+), layout (\w+)", done.stderr)
    }
    assert set(cycles) == {"auto", "chw"}  # hwc is what auto has chosen
    found = json.loads(done.stdout)
    assert found["default"] == cycles["auto"]
    assert found["layout"] == min(cycles, key=lambda layout: cycles[layout])
    out = str(tmp_path / "build")
    chosen = ["--tuned", found["file"], "-o", out]
    done = CliRunner().invoke(cli, ["compile", *options, *chosen])
    assert done.exit_code == 0, done.output
    assert ("layout: HWC" in done.output) == (found["layout"] == "auto")
    done = CliRunner().invoke(cli, ["compile", *options, "--layout", "chw", *chosen])
    assert (done.exit_code == 0) == (found["layout"] == "chw")
