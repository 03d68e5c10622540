"""The gate: the only way to compare a face with a gallery.

Owns the one function that does it, and the inspection of every comparison for misuse. It must never let a comparison
pass that has no ground in `policy.gate`, or whose record was not made first.
"""
