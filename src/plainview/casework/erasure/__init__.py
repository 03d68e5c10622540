"""Erasing references: holds, the erasers, which stored files are still needed, and the expunge list.

Owns the list of erasers and of the records that need a stored file. It must never erase what a hold protects.
"""
