"""Setting up, backing up and restoring a workspace.

Owns the archive format of a backup. It must never bring back what was erased.
"""
