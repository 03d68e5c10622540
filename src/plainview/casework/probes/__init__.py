"""Probes before a search: the draft, its edits, its frames, and the approval of a supervisor.

Owns the preparation of a probe with its original file and edit chain. It must never compare a face.
"""
