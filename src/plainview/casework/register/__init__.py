"""The public register of use: counted from the log, published month by month.

Owns what the public is told. It must never publish a small number or a running month.
"""
