"""Codes and tokens that are shown once: drawn at random, and kept as a hash only."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 16  # 128 random bits: not to be guessed


def new_code(size: int = _BYTES) -> str:
    """Draw a code of `size` random bytes, URL-safe."""
    return secrets.token_urlsafe(size)


def digest(code: str) -> str:
    """The SHA-256 of a code, 64 hex digits; spaces that came along when it was copied do not count."""
    return hashlib.sha256(code.strip().encode()).hexdigest()
