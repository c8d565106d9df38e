"""Ports: bytes to and from a device, whether on a wire or in a simulator."""

from __future__ import annotations

from typing import Protocol

from odl.errors import DeviceError

BAUD = 115200
WRITE_SECONDS = 5.0


class Port(Protocol):
    """What the link needs of a wire."""

    def read(self, seconds: float) -> bytes:
        """What has arrived, waiting at most `seconds` for the first byte.

        Raises:
            DeviceError: the wire is gone.
        """

    def write(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            DeviceError: the wire is gone.
        """

    def close(self) -> None:
        """Let go of the wire, and stop what was started for it."""


class SerialPort:
    """A pyserial port by its URL: /dev/ttyUSB0, COM3, socket://host:port, rfc2217://..."""

    def __init__(self, url: str, baud: int = BAUD) -> None:
        import serial

        self._url = url
        try:
            self._port = serial.serial_for_url(
                url, baudrate=baud, timeout=0, write_timeout=WRITE_SECONDS
            )
        except (OSError, ValueError) as e:  # SerialException is an OSError
            reason = getattr(e, "strerror", None) or str(e)
            raise DeviceError(
                f"the port cannot be opened: {reason}",
                where=url,
                advice="is the board plugged in, and no other program using it?",
            ) from e

    def read(self, seconds: float) -> bytes:
        try:
            self._port.timeout = seconds
            first = self._port.read(1)
            if not first:
                return b""
            self._port.timeout = 0
            return bytes(first + self._port.read(4096))
        except (OSError, TypeError) as e:  # pyserial raises TypeError on a port closed under it
            raise self._gone() from e

    def write(self, data: bytes) -> None:
        import serial

        try:
            self._port.write(data)
        except serial.SerialTimeoutException as e:
            raise DeviceError(
                f"the device takes no bytes ({WRITE_SECONDS:g} s)",
                where=self._url,
                advice="does it run this program, and is this its port?",
            ) from e
        except OSError as e:
            raise self._gone() from e

    def close(self) -> None:
        self._port.close()

    def _gone(self) -> DeviceError:
        return DeviceError(
            "the device was unplugged",
            where=self._url,
            advice="plug it in again; or did another program open the same port?",
        )
