"""Uploaded files: small ones in memory, larger ones in an encrypted temporary file of the workspace.

Owns the handlers of every form with files. They must never write a file in the clear.
"""

from __future__ import annotations

import io
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from plainview.casework.probes.preparations import MAX_BYTES
from plainview.casework.workspace.services import services
from plainview.storage.scratch import Scratch

_MEMORY = 2 << 20  # bytes of one file in memory: a photograph of a telephone has about as many


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
    """Keeps a file in memory while it is small, then in an encrypted file without a name (storage.scratch)."""

    def new_file(self, *arguments: Any, **options: Any) -> None:
        """Start with an empty file."""
        super().new_file(*arguments, **options)
        self._content: io.BytesIO | io.BufferedRandom = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece."""
        if isinstance(self._content, BytesIO) and start + len(raw_data) > _MEMORY:
            scratch = Scratch(services().workspace.scratch())
            scratch.write(self._content.getbuffer())
            self._content = io.BufferedRandom(scratch, 256 << 10)
        self._content.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        """Return the file, at its beginning."""
        self._content.seek(0)
        return UploadedFile(
            self._content, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )

    def upload_interrupted(self) -> None:
        """Free the disk at once."""
        if hasattr(self, "_content"):
            self._content.close()
