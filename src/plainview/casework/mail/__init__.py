"""Letters: written into an outbox by the acts, sent by the worker; the mail server; the address in every letter.

Owns the outbox. It must never send while a page waits, nor keep the text of a letter that was sent.
"""

from __future__ import annotations

from plainview.casework.workspace.services import services


def address() -> str:
    """Return where members open Plainview: `address` in workspace.toml, else the local address."""
    return str(services().workspace.settings().get("address", "http://127.0.0.1:8000")).rstrip("/")
