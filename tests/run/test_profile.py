"""A profile has a cost for each step, and they make up all that was spent."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np

from odl.run.device import Device
from odl.run.link import Link
from odl.run.profile import profile
from tests.devices import Programs


def test_the_steps_make_up_the_whole(programs: Programs) -> None:
    project = programs.projects[0]
    x = np.random.default_rng(0).standard_normal((1, 2000)).astype(np.float32)
    with programs.serve(0) as port:
        device = Device(Link(port), project)
        costs = profile(device, {"x": x}, 2)
        assert len(costs) == len(project.steps)
        assert all(0 < c.critical <= c.total for c in costs)
        assert reduce(add, costs).critical < device.cost().critical, "a run to warm up came first"
        seen = device.read(["y"])["y"]
        np.testing.assert_allclose(seen, 2 / (1 + np.exp(-np.maximum(x, 0))), rtol=1e-5)
        device.close()
