"""What anyone checks with a copy of the log and a file: package, report, register, retention, sample.

Owns the checks that outsiders run. Pure, without Django: it must never need a workspace, a database or our word.
"""
