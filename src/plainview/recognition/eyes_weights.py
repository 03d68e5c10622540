"""Placeholder until fitted."""

BIAS = -9.0
WEIGHTS = (0,) * 392
