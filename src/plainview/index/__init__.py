"""From templates to candidates: every reference of a gallery compared with one probe.

Owns the memory-side copy of the galleries' templates and the order of a candidate list. It is derived: the
database is the truth, and an index that is lost is rebuilt from the database's ordered log (see `base`).
It must never decide who may search, nor read the database or a file of pictures by itself.
"""
