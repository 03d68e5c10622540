"""Witnesses of this workspace's own log: asked over the network, their cosignatures stored, and what they cover.

Owns these rows and the file of cosigned checkpoints. A cosignature counts only if its key, its checkpoint and the log
itself agree.
"""
