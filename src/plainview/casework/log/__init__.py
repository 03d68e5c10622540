"""The log of acts: who may act, and the entry that each act writes.

Owns the writing and reading of log entries, the checks before every act, key rotation and the weekly review. It must
never let an act commit without its entry.
"""
