"""A table of operators and judges with the largest error of a gradient: `make judges`.

    python -m tests.train.judges ENVIRONMENTS [--verbose]

ENVIRONMENTS is a folder with a Python environment for each judge that is not odl's own.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from tests.train.all_cases import CASES
from tests.train.gradients import by_differences, differentiated, run
from tests.train.judges.export import export

HERE = Path(__file__).parent
JUDGES = {"ONNX Runtime training": "ort_training", "onnxsim graph_grad": "graph_grad"}
"""The name of a judge, its script, and its environment."""
DIFFERENCES = "finite differences"
TOLERANCE = {DIFFERENCES: 1e-6}
SINGLE = 1e-4
"""Of judges in single precision, relative to the largest element, which counts as 1 at least."""

THEIRS = (
    "Gelu <approximate",
    "Conv [1,2,5,5] [2,2,3,3] <auto_pad",
    "BatchNormalization",
    "Where",
    "ScatterElements add",
    "ScatterND add",
    "LSTM x w r b h0 c0 p",
    "LSTM x w r p",
)
"""Where ONNX Runtime 1.19's training stands alone: finite differences, and graph_grad if it has the
operator, side with odl. It leaves out, for example, auto_pad, the kind of Gelu, and reductions."""

Errors = dict[str, dict[str, float | str]]
"""By case and judge: a distance, or the reason why there is none."""


def distance(got: np.ndarray, want: np.ndarray) -> float:
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    return float(np.abs(got - want).max(initial=0)) / scale


def judge(folder: Path, environments: Path) -> Errors:
    """All cases by all judges; `folder` is empty."""
    errors: Errors = defaultdict(dict)
    ours = {}
    for number, (name, case) in enumerate(CASES.items()):
        made = differentiated(case)
        seen = run(made.graph, made.feeds)
        zeros = {k: np.zeros_like(made.feeds[k]) for k in made.gradients}
        ours[number] = {k: seen[v] if v else zeros[k] for k, v in made.gradients.items()}
        exact = by_differences(made)
        errors[name][DIFFERENCES] = max(distance(ours[number][k], exact[k]) for k in exact)
        for script in JUDGES.values():
            (folder / script).mkdir(exist_ok=True)
            export(case, made, folder / script / f"{number:04d}")
    for title, script in JUDGES.items():
        command = [environments / script / "bin/python", HERE / f"{script}.py", folder / script]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number, name in enumerate(CASES):
            errors[name][title] = _compare(folder / script / f"{number:04d}", ours[number])
    return errors


def _compare(path: Path, ours: dict[str, np.ndarray]) -> float | str:
    if not path.with_suffix(".grad.npz").is_file():
        reason = path.with_suffix(".txt")
        return reason.read_text() if reason.is_file() else "the judge ended"
    theirs = dict(np.load(path.with_suffix(".grad.npz")))
    return max((distance(theirs[k], ours[k]) for k in ours if k in theirs), default="no gradient")


def operator(case: str) -> str:
    found = re.match(r"[A-Z]\w+", case)
    return found[0] if found else "several"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        errors = judge(Path(folder), Path(sys.argv[1]))
    titles, bad, known = [DIFFERENCES, *JUDGES], list[str](), list[str]()
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, row in errors.items():
        for title, error in row.items():
            if isinstance(error, str):
                if "--verbose" in sys.argv:
                    print(f"{name}: {title}: {' '.join(error.split())[:160]}")
                continue
            rows[operator(name)][title].append(error)
            if not error <= TOLERANCE.get(title, SINGLE):
                alone = title != DIFFERENCES and name.startswith(THEIRS)
                (known if alone else bad).append(f"{name}: {title} differs by {error:.1e}")
    print(f"{'operator':24}" + "".join(f"{t:>26}" for t in titles))
    for op, row in sorted(rows.items()):
        print(f"{op:24}" + "".join(_cell(row[t]) for t in titles))
    print(f"{'all':24}" + "".join(_cell([e for r in rows.values() for e in r[t]]) for t in titles))
    print("\n".join([*(f"{line} (theirs)" for line in known), *bad]))
    return 1 if bad else 0


def _cell(errors: list[float]) -> str:
    return f"{f'{max(errors):.1e} ({len(errors)})' if errors else '-':>26}"


if __name__ == "__main__":
    sys.exit(main())
