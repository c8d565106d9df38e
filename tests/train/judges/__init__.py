"""Gradients of other makers, each in an environment of its own, against the rules of odl."""
