"""Reviewing a candidate list: candidates are set aside with a reason, or all of them at once.

Owns the review of a list by one examiner, and its undo. It must never be shown as an examination.
"""
