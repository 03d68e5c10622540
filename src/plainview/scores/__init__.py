"""What a score means: scorer, calibration, tail, doubles, cautions.

Owns the order of a candidate list and the rate beside each score. Pure: it must never read a database, and never turn
a score into a probability of identity.
"""
