"""Retention: rules, lists of what is due, approval by a second person, and the proof of each run.

Owns when something is due for erasure. It must never erase without an approved list.
"""
