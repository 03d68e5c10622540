"""Encryption of bytes at rest: sealed with a key and a context, opened only with the same two.

Owns the sealed format, byte for byte. It must never return bytes that were altered, accept a sealed value in
another place than the one it was sealed for, or show a key in a message.

A sealed value is: 1 byte format (0x01) | 12 bytes nonce, random | ciphertext | 16 bytes tag. The cipher is
AES-256-GCM (NIST SP 800-38D); the format byte and the context are authenticated along with the ciphertext.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
"""AES-256."""

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16

OVERHEAD_BYTES = len(_FORMAT) + _NONCE_BYTES + _TAG_BYTES
"""How much longer a sealed value is than what it holds."""


class SealBroken(Exception):
    """A sealed value that does not open: altered, cut short, sealed with another key or for another place."""

    def __init__(self) -> None:
        super().__init__(
            "The sealed value does not open: it was altered, cut short, or belongs to another key or place. "
            "Restore it from a backup, and check that the secret key is the one it was sealed with."
        )


class Sealer:
    """Seals and opens bytes with one 256-bit key. Safe to use from several threads.

    Nonces are random, so one key may seal at most 2^32 values: up to there the chance that any two share a
    nonce stays below about 2^-32 (NIST SP 800-38D, sections 8 and 8.3), and two values under one nonce would
    betray each other. 2^32 is 4.3 billion seals over the life of a key, every rewrite counted again. What
    follows: one derived key for each purpose and, where a purpose may come near a billion values, a label for
    each part of it.
    """

    __slots__ = ("_cipher", "_key", "older")

    def __init__(self, key: bytes, older: Sealer | None = None) -> None:
        """Take a key of 32 uniformly random bytes; a passphrase is not one.

        Args:
            key: seals, and opens what it sealed.
            older: opens what was sealed before the key was changed; None once all is sealed again.

        Raises:
            ValueError: the key has another length.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes, not {len(key)}")
        self._key = bytes(key)
        self._cipher = AESGCM(self._key)
        self.older = older

    def derive(self, label: str) -> Sealer:
        """Return a sealer with its own key for one purpose, e.g. "blobs" (HKDF with SHA-256, RFC 5869).

        The same label always gives the same key; neither key reveals the other.

        Raises:
            ValueError: the label is empty.
        """
        if not label:
            raise ValueError("a derived key needs a label that says what it is for")
        info = b"plainview seal v1: " + label.encode()
        derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._key)
        return Sealer(derived, self.older.derive(label) if self.older else None)

    def maker(self) -> Callable[[], Sealer]:
        """Return what makes this sealer, without the older key, in another process; it carries the key."""
        return partial(Sealer, self._key)

    def alone(self) -> Sealer:
        """Return this sealer without the older key."""
        return Sealer(self._key)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Return `plain` encrypted, `OVERHEAD_BYTES` longer, and never twice the same.

        Args:
            plain: the bytes to protect, up to 2 GiB.
            context: says where the value belongs, e.g. b"template:17"; not secret, needed again to open.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plain, _FORMAT + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            SealBroken: altered, cut short, another key or another context.
        """
        if len(sealed) < OVERHEAD_BYTES or not sealed.startswith(_FORMAT):
            raise SealBroken
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, _FORMAT + context)
        except InvalidTag:
            if self.older is not None:
                return self.older.open(sealed, context)
            raise SealBroken from None
