"""Reads the address that every letter links to."""

from __future__ import annotations

from plainview.casework.workspace.services import services


def address() -> str:
    """Return where members open Plainview: `address` in workspace.toml, else the local address."""
    return str(services().workspace.settings().get("address", "http://127.0.0.1:8000")).rstrip("/")
