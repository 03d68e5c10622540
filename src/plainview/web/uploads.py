"""Uploads from forms: a photograph in memory only and up to the size limit, and many files as one.

Owns the handlers of uploads. `InMemory` must never write the photograph to a file; `OneFile` keeps memory and open files
flat, however many files a request has: Django would open one for each, and five thousand are more than a process may.
"""

from __future__ import annotations

import io
import os
import tempfile
from typing import IO, Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from plainview.casework.probes.preparations import MAX_BYTES

_IN_MEMORY = 2_621_440  # bytes of a request that stay in memory: Django's own limit


class InMemory(FileUploadHandler):
    """Keeps a file in memory; one larger than MAX_BYTES is read to its end, but only its size is kept."""

    def new_file(self, *arguments: Any, **options: Any) -> None:
        """Start with an empty file."""
        super().new_file(*arguments, **options)
        self._content, self._size = io.BytesIO(), 0

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


class OneFile(FileUploadHandler):
    """Writes every file of a request behind the other into one nameless file, which is gone when the last of them is."""

    file: IO[bytes]  # from the first file on; closed with its parts, or by a parser that is interrupted

    def new_file(self, *arguments: Any, **options: Any) -> None:
        """Begin the next file."""
        super().new_file(*arguments, **options)
        if not hasattr(self, "file"):
            self.file, self._open = tempfile.SpooledTemporaryFile(_IN_MEMORY), [0]  # noqa: SIM115
        self._begin = self.file.seek(0, os.SEEK_END)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of the file."""
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        """Return the file."""
        part = io.BufferedReader(_Part(self.file, self._begin, file_size, self._open))
        return UploadedFile(part, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra)


class _Part(io.RawIOBase):
    """Some bytes of the file, as a file; `parts_open` has the number of parts that are open."""

    def __init__(self, spool: IO[bytes], begin: int, size: int, parts_open: list[int]) -> None:
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
        self._spool.seek(self._begin + self._at)
        data = self._spool.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
