"""Typed graph and target to Program: calls, lifetimes, offsets."""
