"""odl tune on the cluster: what it finds is no slower than the estimate, and compiles."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from odl.cli import cli
from tests.models import conv_net, write


def test_tune(tmp_path: Path) -> None:
    model = write(conv_net(), tmp_path)
    options = [str(model), "--target", "gap9", "--dtype", "fp16"]
    done = CliRunner().invoke(cli, ["tune", *options, "--cuts", "2", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["tuned"] <= found["default"]
    assert found["rounds"] >= 2  # the convolutions have a form for any machine, too
    file, out = found["file"], str(tmp_path / "build")
    done = CliRunner().invoke(cli, ["compile", *options, "--tuned", file, "-o", out])
    assert done.exit_code == 0, done.output
    other = [str(model), "--target", "gap9", "--tuned", file, "-o", out]
    done = CliRunner().invoke(cli, ["compile", *other])
    assert done.exit_code != 0  # fp32 was not tuned
