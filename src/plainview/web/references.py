"""The number by which an error's page and its line in the server's log are found together."""

from __future__ import annotations

from typing import Any

from plainview.recognition.errors import new_reference


def reference(request: Any) -> str:
    """Return the number of this request's error; the first call makes it."""
    number: str | None = getattr(request, "reference", None)
    if number is None:
        number = request.reference = new_reference()
    return number
