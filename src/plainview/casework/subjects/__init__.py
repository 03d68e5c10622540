"""Subjects: whose picture a reference is, changed by an administrator with a reason.

Owns the acts. A number comes from the source; nothing here is decided by a comparison of faces.
"""
