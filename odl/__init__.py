"""odl: compile a small network, and its learning, to C that a microcontroller runs."""

__version__ = "0.1.0"
