"""Uploaded files: small ones in memory, larger ones in an encrypted temporary file of the workspace.

Owns the handlers of every form with files. They must never write a file in the clear. `Sealed` keeps memory and open
files flat, however many files a request has: Django would open one for each, and five thousand are more than a process
may.
"""

from __future__ import annotations

import io
import os
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from plainview.casework.probes.preparations import MAX_BYTES
from plainview.casework.workspace.services import services
from plainview.storage.scratch import Scratch

_MEMORY = 2 << 20  # bytes of a request in memory: a photograph of a telephone has about as many


class InMemory(FileUploadHandler):
    """Keeps a photograph in memory; of one larger than MAX_BYTES only its size is kept, so that its form can say so."""

    def new_file(self, *arguments: Any, **options: Any) -> None:
        """Start with an empty file."""
        super().new_file(*arguments, **options)
        self._content, self._size = BytesIO(), 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece, unless the file is already too large."""
        self._size += len(raw_data)
        if self._size <= MAX_BYTES:
            self._content.write(raw_data)
        else:
            self._content.truncate(0)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the file; one that is too large has its true size and no content."""
        self._content.seek(0)
        return InMemoryUploadedFile(
            self._content, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )


class Sealed(FileUploadHandler):
    """Writes every file of a request behind the other into one spool, which is gone when the last of them is."""

    file: _Spool  # from the first file on; closed with its parts, or by a parser that is interrupted

    def new_file(self, *arguments: Any, **options: Any) -> None:
        """Begin the next file."""
        super().new_file(*arguments, **options)
        if not hasattr(self, "file"):
            self.file, self._open = _Spool(), [0]
        self._begin = self.file.size

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of the file."""
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        """Return the file, at its beginning."""
        part = io.BufferedReader(_Part(self.file, self._begin, file_size, self._open))
        return UploadedFile(part, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra)

    def upload_interrupted(self) -> None:
        """Free the disk at once."""
        if hasattr(self, "file"):
            self.file.close()


class _Spool:
    """Bytes written at the end and read anywhere: in memory while they are few, then in an encrypted file (storage.scratch)."""

    def __init__(self) -> None:
        self.held: io.BytesIO | io.BufferedRandom = BytesIO()
        self.size = 0

    def write(self, data: bytes) -> None:
        if isinstance(self.held, BytesIO) and self.size + len(data) > _MEMORY:
            scratch = Scratch(services().workspace.scratch())
            scratch.write(self.held.getbuffer())
            self.held = io.BufferedRandom(scratch, 256 << 10)
        self.held.seek(0, os.SEEK_END)
        self.held.write(data)
        self.size += len(data)

    def read(self, start: int, size: int) -> bytes:
        self.held.seek(start)
        return self.held.read(size)

    def close(self) -> None:
        self.held.close()


class _Part(io.RawIOBase):
    """Some bytes of the file, as a file; `parts_open` has the number of parts that are open."""

    def __init__(self, spool: _Spool, begin: int, size: int, parts_open: list[int]) -> None:
        self._spool, self._begin, self._size, self._at = spool, begin, size, 0
        self._open = parts_open
        self._open[0] += 1

    def close(self) -> None:
        """Close the part, and with the last one the file."""
        if not self.closed:
            self._open[0] -= 1
            if not self._open[0]:
                self._spool.close()
        super().close()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that its place can be changed."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Change the place; return it."""
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read from the place on; return how many bytes."""
        data = self._spool.read(self._begin + self._at, max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
