"""Measured error rates of a model on people and galleries. Pure: it never reads a database, and never reports a number from too few people."""
