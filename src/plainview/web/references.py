"""The number by which an error's page and its line in the server's log are found together."""

from __future__ import annotations

import secrets
from typing import Any


def reference(request: Any) -> str:
    """Return the number of this request's error; the first call makes it."""
    number: str | None = getattr(request, "reference", None)
    if number is None:
        number = request.reference = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
    return number
