"""The tamper-evident log: an RFC 9162 Merkle tree over RFC 8785 entries, with C2SP signed checkpoints.

This package is pure: the standard library, `cryptography` and `rfc8785`. It makes entries, trees, signatures
and verdicts, and keeps the public copy of the log in a folder; the durable truth is a table that someone else
writes in the transaction of the act itself. It must never know a person: only opaque ids and commitments come
this far.

`record` is one entry, `merkle` the tree, `checkpoint` the signed head, `logfile` the public copy, `verify`
the verdict, `cosignature` and `witness` what outsiders vouch for, `monitor` what they watch, `proofs` what they
are handed, and `standalone` the same verdict for outsiders, in one file that shares no code with the rest.
"""
