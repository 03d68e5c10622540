"""Cases: opened, closed, listed. No search runs without one.

Owns the state of a case. It must never delete one: a case is closed, and retention decides about what is in it.
"""
