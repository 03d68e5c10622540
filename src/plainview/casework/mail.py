"""The address that every letter of ours leads back to."""

from __future__ import annotations

from plainview.casework.workspace.services import services


def address() -> str:
    """Where members open Plainview, as workspace.toml names it under `address`; the local one when it does not."""
    return str(services().workspace.settings().get("address", "http://127.0.0.1:8000")).rstrip("/")
