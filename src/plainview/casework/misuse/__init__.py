"""Flags: patterns of use that an auditor should look at, and tripwires.

Owns the inspection of recorded searches. It must never stop a search, nor reveal a flag to the member concerned.
"""
