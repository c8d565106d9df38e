"""Ports, frames, sessions and verification: the only place that opens ports and simulators."""
