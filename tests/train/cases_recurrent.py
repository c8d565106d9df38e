"""Graphs of one recurrent node each, at which its gradient is judged."""

from __future__ import annotations

from tests.train.gradients import Case

CASES: dict[str, Case] = {}

STEPS, BATCH, INPUTS, HIDDEN = 4, 2, 3, 2
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(
    op: str,
    attributes: str = "",
    operands: str = "x w r b",
    outputs: str = "y",
    steps: int = STEPS,
) -> str:
    """The text of a graph whose inputs are all of the node's `operands`."""
    d = 2 if "bidirectional" in attributes else 1
    rows, batch_first = GATES[op] * HIDDEN, "layout = 1" in attributes
    shapes = {
        "x": [BATCH, steps, INPUTS] if batch_first else [steps, BATCH, INPUTS],
        "w": [d, rows, INPUTS],
        "r": [d, rows, HIDDEN],
        "b": [d, 2 * rows],
        "h0": [d, BATCH, HIDDEN],
        "c0": [d, BATCH, HIDDEN],
        "p": [d, 3 * HIDDEN],
        "y": [BATCH, steps, d, HIDDEN] if batch_first else [steps, d, BATCH, HIDDEN],
        "y_h": [d, BATCH, HIDDEN],
        "y_c": [d, BATCH, HIDDEN],
    }
    places = ("x", "w", "r", "b", "lengths", "h0", "c0", "p")
    given, wanted = operands.split(), outputs.split()
    typed = {k: f"float[{','.join(map(str, v))}] {k}" for k, v in shapes.items()}
    last = max(places.index(k) for k in given)
    arguments = ", ".join(k if k in given else "" for k in places[: last + 1])
    ends = ("y", "y_h", "y_c")
    results = ", ".join(
        k if k in wanted else "" for k in ends[: max(ends.index(k) for k in wanted) + 1]
    )
    said = ", ".join(filter(None, (f"hidden_size = {HIDDEN}", attributes)))
    return (
        f"g ({', '.join(typed[k] for k in given)}) => ({', '.join(typed[k] for k in wanted)}) "
        f"{{ {results} = {op} <{said}> ({arguments}) }}"
    )


def _case(op: str, *arguments: str, steps: int = STEPS) -> None:
    name = " ".join(filter(None, (op, *arguments, f"{steps} steps" if steps != STEPS else "")))
    CASES[name] = Case(recurrent(op, *arguments, steps=steps), low=-1, high=1)


STATES = {"LSTM": "x w r b h0 c0", "GRU": "x w r b h0", "RNN": "x w r b h0"}
ENDS = {"LSTM": "y y_h y_c", "GRU": "y y_h", "RNN": "y y_h"}
FLAGS = {
    "LSTM": ("", "input_forget = 1"),
    "GRU": ("linear_before_reset = 0", "linear_before_reset = 1"),
    "RNN": ("",),
}

for op in GATES:
    for flag in FLAGS[op]:
        _case(op, flag)
        _case(op, flag, STATES[op], ENDS[op])
        _case(op, flag, "x w r", "y_h")
        for direction in ("reverse", "bidirectional"):
            both = ", ".join(filter(None, (f'direction = "{direction}"', flag)))
            _case(op, both)
            _case(op, both, STATES[op], ENDS[op])
    _case(op, FLAGS[op][0], STATES[op], ENDS[op], steps=1)
    _case(op, 'layout = 1, direction = "bidirectional"')
    _case(op, "clip = 0.3")
_case("GRU", "linear_before_reset = 1", "x w r b", "y", steps=1)
_case("LSTM", "", "x w r b", "y_c")
_case("LSTM", "", "x w r b h0 c0 p", "y y_c")
_case("LSTM", "", "x w r p", "y_h", steps=1)
_case("LSTM", 'direction = "bidirectional"', "x w r b h0 c0 p", "y_h")
_case("LSTM", 'activations = ["Softsign", "Softplus", "Sigmoid"]')
_case("GRU", 'activations = ["Softplus", "Softsign"]')
_case("RNN", 'direction = "bidirectional", activations = ["Relu", "Sigmoid"]')
