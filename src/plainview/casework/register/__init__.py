"""The public register of use: counted from the log, published month by month.

Owns what is published. It must never publish a small number or a month that is not over.
"""
