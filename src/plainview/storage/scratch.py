"""A temporary file that nobody can read: encrypted under a key that exists in this process only, and without a name.

Owns what is larger than memory should hold for a moment: bodies of requests, uploads, answers on their way out. The
file has no name (O_TMPFILE), so it is gone with the process, also after kill -9; what is left on the disk is
ciphertext of a key that was never stored. It must never write plain bytes.

The cipher is AES-256 in counter mode (NIST SP 800-38A, 6.5): any part can be read by itself. It does not detect
changes; only this process can reach the file.
"""

from __future__ import annotations

import io
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 16  # bytes: AES


class Scratch(io.RawIOBase):
    """An encrypted temporary file: written at its end, read anywhere."""

    def __init__(self, folder: Path) -> None:
        """Make it in this folder, which must exist."""
        super().__init__()
        self._descriptor = _nameless(folder)
        self._key, self._size, self._at = secrets.token_bytes(32), 0, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: object) -> int:
        """Append bytes.

        Raises:
            OSError: the disk is full, or the position is not the end.
        """
        plain = memoryview(data).cast("B")  # type: ignore[arg-type]
        if self._at != self._size:
            raise OSError("a scratch file is written at its end only")
        sealed, start = memoryview(self._crypt(plain, self._size)), self._size
        while sealed:
            written = os.pwrite(self._descriptor, sealed, start)
            sealed, start = sealed[written:], start + written
        self._size = self._at = start
        return len(plain)

    def readinto(self, buffer: object) -> int:
        """Read into the buffer; 0 at the end."""
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        sealed = os.pread(self._descriptor, len(target), self._at)
        target[: len(sealed)] = self._crypt(memoryview(sealed), self._at)
        self._at += len(sealed)
        return len(sealed)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position."""
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def close(self) -> None:
        """Forget the key and free the disk."""
        if not self.closed:
            os.close(self._descriptor)
            self._key = b""
        super().close()

    def _crypt(self, data: memoryview, start: int) -> bytes:
        """Encrypt or decrypt what is at this position: the two are the same in counter mode."""
        counter, skip = divmod(start, _BLOCK)
        stream = Cipher(algorithms.AES(self._key), modes.CTR(counter.to_bytes(_BLOCK, "big"))).encryptor()
        stream.update(bytes(skip))
        return stream.update(data)


def _nameless(folder: Path) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:  # a file system without O_TMPFILE: the name exists for a moment, the content is sealed all the same
        descriptor, name = tempfile.mkstemp(dir=folder, prefix="scratch-")
        Path(name).unlink()
        return descriptor
