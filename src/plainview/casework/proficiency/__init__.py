"""Test items with known answers, and each examiner's figures on them.

Owns the items and their score. It must never tell an examiner which task is a test.
"""
