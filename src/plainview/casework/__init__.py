"""The only Django app: the acts of an agency, one folder per feature.

Owns every table and every write. The folders are a stack, checked by import-linter: each knows only those below it. In
a feature a file is a verb (`open`, `run`, `erase`); `read.py` reads and never writes. A write names its acting member
and writes its audit entry in the same transaction. It must never know a page, a command or an HTTP request.
"""
