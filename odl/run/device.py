"""A device that serves one compiled model: its tensors by name, its steps by number."""

from __future__ import annotations

import contextlib
import math
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from odl.errors import DeviceError, IntegrityError
from odl.project import Project, TensorInfo
from odl.result import Cost
from odl.run.frame import PAYLOAD
from odl.run.link import Hello, Link, Message, Request, hello

Array = npt.NDArray[Any]

WRITE_HEADER = 4
"""Bytes of a WRITE's payload before the data."""


class Device:
    """Typed access over a link; the model on it is known to be the project's.

    Raises:
        DeviceError: it runs another model, or does not answer.
    """

    def __init__(self, link: Link, project: Project) -> None:
        self.link, self.project = link, project
        self.hello: Hello = hello(link)
        if self.hello.model_hash != project.model_hash:
            raise DeviceError(
                f"the device runs another program ('{self.hello.name}', "
                f"{self.hello.model_hash.hex()[:8]}, not {project.model_hash.hex()[:8]})",
                where=str(project.folder),
                advice="flash the one that was built from this folder",
            )
        if not WRITE_HEADER < self.hello.payload <= PAYLOAD:
            raise IntegrityError(f"the device takes payloads of {self.hello.payload} bytes")
        counts = (self.hello.tensors, self.hello.steps)
        if counts != (len(project.tensors), len(project.steps)):
            raise IntegrityError("the device's tables are not those of the manifest")

    def check_tensors(self) -> None:
        """Compare the device's tensor table with the manifest, entry for entry.

        Raises:
            IntegrityError: they differ.
        """
        requests = [Request(Message.TENSOR, i) for i in range(self.hello.tensors)]
        for info, answer in zip(self.project.tensors, self.link.stream(requests), strict=True):
            rank = len(info.shape)
            size = math.prod(info.shape) * info.dtype.size
            want = struct.pack(f"<I{rank}I", size, *info.shape)
            head = answer[:3:2], answer[4 : 8 + 4 * rank]
            if head != (bytes([info.dtype.code, rank]), want):
                raise IntegrityError(
                    "the device's tensor differs from the manifest's", where=f"tensor '{info.name}'"
                )

    def write(self, arrays: dict[str, Array]) -> None:
        """Fill tensors, each with an array of its shape."""
        requests = []
        for name, array in arrays.items():
            info = self._info(name)
            number = self.project.number(name)
            data = np.ascontiguousarray(array, info.dtype.numpy).tobytes()
            room = self.hello.payload - WRITE_HEADER
            requests += [
                Request(Message.WRITE, at, struct.pack("<HH", number, 0) + data[at : at + room])
                for at in range(0, len(data), room)
            ]
        for _ in self.link.stream(requests):
            pass

    def read(self, names: list[str]) -> dict[str, Array]:
        """The tensors' present contents."""
        requests, sizes = [], []
        for name in names:
            number, size = self.project.number(name), self._bytes(name)
            for at in range(0, size, self.hello.payload):
                part = min(self.hello.payload, size - at)
                requests.append(Request(Message.READ, at, struct.pack("<HH", number, part)))
                sizes.append((name, part))
        data = dict.fromkeys(names, b"")
        for (name, size), part_data in zip(sizes, self.link.stream(requests), strict=True):
            if len(part_data) != size:
                raise IntegrityError(
                    f"the device sent {len(part_data)} bytes, not {size}", where=f"tensor '{name}'"
                )
            data[name] += part_data
        infos = {name: self._info(name) for name in names}
        return {
            name: np.frombuffer(data[name], info.dtype.numpy).reshape(info.shape)
            for name, info in infos.items()
        }

    def run(self, first: int, count: int, cores: int = 0) -> None:
        """Run steps on so many cores; 0 is all."""
        self.link.ask(Request(Message.RUN, 0, struct.pack("<4H", first, count, cores, 0)))

    def cost(self) -> Cost:
        """Of all runs since the device started."""
        form = f"<{2 + len(self.project.target.events)}Q"
        try:
            critical, total, *events = struct.unpack(form, self.link.ask(Request(Message.COUNTERS)))
            return Cost(critical, total, tuple(events))
        except struct.error as e:
            raise IntegrityError("the device's counters have the wrong size") from e

    def close(self) -> None:
        """Say goodbye; a simulated device then ends by itself."""
        with contextlib.suppress(DeviceError):  # it may have ended, and its last word been lost
            self.link.ask(Request(Message.BYE))

    def _info(self, name: str) -> TensorInfo:
        return self.project.tensors[self.project.number(name)]

    def _bytes(self, name: str) -> int:
        info = self._info(name)
        return math.prod(info.shape) * info.dtype.size
